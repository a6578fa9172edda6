using System.Globalization;
using System.Net.Sockets;
using Becket.Nbd;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Nbd;

/// <summary>Clients that come and then hardly do anything, and those that are no longer there.</summary>
public class SlowClientTests
{
    private const string ShortOption = "0000000349484156454f5054000000060000ffff";
    private const string LongOption = "0000000349484156454f505400000006000fffff";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private readonly FakeTimeProvider _time = new();
    private readonly byte[] _content = new byte[100_000];

    public SlowClientTests() => new Random(3).NextBytes(_content);

    private NbdServerOptions WithIdleTimeout => new() { IdleTimeout = Patience, Time = _time };

    /// <summary>Each byte comes in time; all of them together do not.</summary>
    [Theory]
    [InlineData(ShortOption, 0)]
    [InlineData(ShortOption, 4)]
    [InlineData(ShortOption, 20)]
    [InlineData(LongOption, 20)]
    public async Task A_client_that_drips_its_handshake_is_dropped_however_steadily(string handshake, int sentAtOnce)
    {
        await using var server = new RunningServer(
            new ArrayDevice(_content), new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(300) });
        using var client = server.Connect();
        byte[] bytes = [.. Convert.FromHexString(handshake), .. new byte[60_000]];
        client.Send(bytes.AsSpan(0, sentAtOnce));

        var stalled = server.Log.WaitForAsync("the client stalled in the handshake");
        using var drops = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            for (var i = sentAtOnce; !stalled.IsCompleted && await drops.WaitForNextTickAsync(TestContext.Current.CancellationToken); i++)
                client.Send(bytes[i]);
        }
        catch (SocketException)
        {
            // Dropped.
        }

        await stalled;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(27)]
    public async Task A_request_that_stops_in_the_middle_of_its_header_is_given_up(int bytes)
    {
        await using var server = new RunningServer(
            new ArrayDevice(_content), new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(100) });
        using var client = server.Connect().EnterSimple();

        client.Send([.. RawClient.Request(RawClient.Read, 0, 0, cookie: 1), .. RawClient.Request(RawClient.Read, 0, 0).AsSpan(0, bytes)]);

        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client stopped in the middle of a request");
    }

    [Fact]
    public async Task A_client_that_asks_for_nothing_is_disconnected_where_there_is_an_idle_timeout()
    {
        await using var server = new RunningServer(new ArrayDevice(_content), WithIdleTimeout);
        using var client = server.Connect().EnterSimple();
        await AskAsync(server, client);

        var closing = Task.Run(client.IsClosed, TestContext.Current.CancellationToken);
        for (var i = 0; i < 7; i++)
            _time.Advance(Patience / 8);
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("has asked for nothing", StringComparison.Ordinal));
        while (!closing.IsCompleted)
        {
            _time.Advance(Patience / 8);
            await Task.Yield();
        }

        await server.Log.WaitForAsync("the client has asked for nothing for 480 s");
        Assert.True(await closing);
    }

    [Fact]
    public async Task A_client_that_asks_now_and_then_is_not_idle()
    {
        await using var server = new RunningServer(new ArrayDevice(_content), WithIdleTimeout);
        using var client = server.Connect().EnterSimple();

        for (var i = 0; i < 30; i++)
        {
            await AskAsync(server, client);
            _time.Advance(Patience / 2);
        }

        await AskAsync(server, client);
    }

    [Fact]
    public async Task A_client_whose_request_is_with_the_device_is_not_idle()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(_content)
        {
            Waiting = (_, _, _) =>
            {
                started.TrySetResult();
                return gate.Task;
            },
        };
        await using var server = new RunningServer(device, WithIdleTimeout);
        using var client = server.Connect().EnterSimple();
        client.SendRequest(RawClient.Read, 0, 100, cookie: 8);
        await started.Task;

        for (var i = 0; i < 40; i++)
            _time.Advance(Patience / 8);
        gate.SetResult();

        Assert.Equal((0u, 8L), client.ReceiveSimple());
        Assert.Equal(_content[..100], client.Receive(100));
    }

    [Fact]
    public async Task Clients_may_be_idle_for_ever_where_nothing_else_was_said()
    {
        await using var server = new RunningServer(new ArrayDevice(_content), new NbdServerOptions { Time = _time });
        using var client = server.Connect().EnterSimple();
        await AskAsync(server, client);

        for (var i = 0; i < 100; i++)
            _time.Advance(TimeSpan.FromDays(1));

        await AskAsync(server, client);
    }

    /// <summary>The kernel's own table: a connection whose timer is the one of keepalive (2).</summary>
    [Fact]
    public async Task The_kernel_asks_whether_an_idle_client_is_still_there()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterSimple();
        await AskAsync(server, client);
        var ours = string.Create(CultureInfo.InvariantCulture, $"0100007F:{server.Port:X4}");
        var theirs = string.Create(
            CultureInfo.InvariantCulture, $"0100007F:{((System.Net.IPEndPoint)client.Socket.LocalEndPoint!).Port:X4}");

        // Until the reply is acknowledged the timer is another one.
        string[] connection;
        do
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            connection = (await File.ReadAllLinesAsync("/proc/net/tcp", TestContext.Current.CancellationToken))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Single(words => words[1] == ours && words[2] == theirs);
        }
        while (connection[5].StartsWith("01:", StringComparison.Ordinal));

        Assert.StartsWith("02:", connection[5], StringComparison.Ordinal);
    }

    /// <summary>Asks, and comes back when the server waits for the next request.</summary>
    private static async Task AskAsync(RunningServer server, RawClient client)
    {
        client.SendRequest(RawClient.Read, 0, 0, cookie: 4);
        Assert.Equal((0u, 4L), client.ReceiveSimple());

        // The reply leaves before its request is off the books; a second one behind it is looked at after that.
        client.SendRequest(RawClient.Read, 0, 0, cookie: 5);
        Assert.Equal((0u, 5L), client.ReceiveSimple());
        await Task.Yield();
        Assert.Equal(1, server.Connections);
    }
}
