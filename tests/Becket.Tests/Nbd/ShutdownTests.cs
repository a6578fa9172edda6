using Becket.Nbd;

namespace Becket.Tests.Nbd;

public class ShutdownTests
{
    private readonly byte[] _content = new byte[65536];

    public ShutdownTests() => new Random(3).NextBytes(_content);

    [Fact]
    public async Task Stopping_ends_idle_connections_at_once()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var entered = server.Connect().EnterSimple();
        using var greeted = server.Connect().Greet();
        greeted.Ask(RawClient.StructuredReply);

        server.Stop();

        await server.Serving;
        Assert.True(entered.IsClosed());
        Assert.True(greeted.IsClosed());
    }

    [Fact]
    public async Task Stopping_lets_what_is_in_flight_finish()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(_content)
        {
            Waiting = (_, _, _) =>
            {
                started.SetResult();
                return gate.Task;
            },
        };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();
        client.SendRequest(RawClient.Read, 0, 100, cookie: 1);
        await started.Task;

        server.Stop();
        await server.Log.WaitForAsync("stopping");
        Assert.False(server.Serving.IsCompleted);
        gate.SetResult();

        await server.Serving;
        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 100).ToArray(), client.Receive(100));
        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task Requests_that_arrived_behind_the_stop_are_told_so()
    {
        using var isReading = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var device = new ArrayDevice(_content)
        {
            Trying = _ =>
            {
                isReading.Set();
                goOn.Wait();
            },
        };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();
        client.Send([
            .. RawClient.Request(RawClient.Read, 0, 4, cookie: 1),
            .. RawClient.Request(RawClient.Read, 0, 4, cookie: 2),
            .. RawClient.Request(RawClient.Write, 0, 4, cookie: 3), .. "evil"u8,
        ]);
        isReading.Wait(TestContext.Current.CancellationToken);

        server.Stop();
        await server.Log.WaitForAsync("stopping");
        goOn.Set();

        await server.Serving;
        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 4).ToArray(), client.Receive(4));
        Assert.Equal((RawClient.ESHUTDOWN, 2L), client.ReceiveSimple());
        Assert.Equal((RawClient.ESHUTDOWN, 3L), client.ReceiveSimple());
        Assert.True(client.IsClosed());
        Assert.Empty(device.Changes);
    }

    [Fact]
    public async Task Options_that_arrived_behind_the_stop_are_told_so()
    {
        var opening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catalog = new TestCatalog
        {
            [""] = new ArrayDevice(_content),
            Opening = () =>
            {
                opening.TrySetResult();
                return goOn.Task;
            },
        };
        await using var server = new RunningServer(catalog);
        using var client = server.Connect().Greet();
        client.SendOption(RawClient.Info, RawClient.InfoData(""));
        client.SendOption(RawClient.Go, RawClient.InfoData(""));
        client.SendOption(RawClient.Abort);
        await opening.Task;

        server.Stop();
        await server.Log.WaitForAsync("stopping");
        goOn.SetResult();

        Assert.Equal(RawClient.InfoReply, client.ReceiveOptionReply().Type);
        Assert.Equal(RawClient.Ack, client.ReceiveOptionReply().Type);
        Assert.Equal(RawClient.ErrShutdown, client.ReceiveOptionReply().Type);
        Assert.Equal(RawClient.Ack, client.ReceiveOptionReply().Type);
        Assert.True(client.IsClosed());
        await server.Serving;
    }

    [Fact]
    public async Task A_device_that_takes_too_long_is_cancelled()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(_content)
        {
            Waiting = async (_, _, cancellationToken) =>
            {
                await using var registration = cancellationToken.Register(cancelled.SetResult);
                await Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        await using var server = new RunningServer(device, new NbdServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        using var client = server.Connect().EnterSimple();
        client.SendRequest(RawClient.Read, 0, 100, cookie: 1);
        client.SendRequest(RawClient.Read, 4096, 0, cookie: 2);
        Assert.Equal((0u, 2L), client.ReceiveSimple());

        server.Stop();

        await server.Serving;
        await cancelled.Task;
        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the server has stopped");
    }

    [Fact]
    public async Task A_stopped_server_accepts_nobody_else()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        server.Stop();
        await server.Serving;

        // The socket still listens, it is the caller's; but nobody greets.
        using var client = server.Connect();
        client.Socket.ReceiveTimeout = 100;
        Assert.Throws<System.Net.Sockets.SocketException>(() => client.Receive(1));
    }
}
