using System.Net.Sockets;
using Becket.Nbd;

namespace Becket.Tests.Nbd;

/// <summary>Clients that behave badly, each beside a good one that must not notice.</summary>
public class BadClientTests
{
    private readonly byte[] _content = new byte[4 * 1024 * 1024];

    public BadClientTests() => new Random(3).NextBytes(_content);

    [Fact]
    public async Task Garbage_of_every_kind_disturbs_nobody()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        await using var good = await server.ConnectClientAsync();
        var random = new Random(21);

        for (var i = 0; i < 100; i++)
        {
            using var bad = server.Connect();
            switch (i % 4)
            {
                case 1:
                    bad.Greet();
                    break;
                case 2:
                    bad.EnterSimple();
                    break;
                case 3:
                    bad.EnterStructured();
                    break;
            }

            var garbage = new byte[random.Next(1, 2000)];
            random.NextBytes(garbage);
            try
            {
                bad.Send(garbage);
                if (i % 8 < 4)
                    bad.Socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // It was thrown out before it had sent all of it.
            }

            await AssertReadsAsync(good, random.Next(_content.Length - 100));
        }
    }

    [Fact]
    public async Task A_client_that_stops_in_the_middle_of_a_write_does_not_keep_its_memory()
    {
        await using var server = new RunningServer(
            new ArrayDevice(_content), new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(100) });
        using var bad = server.Connect().EnterSimple();

        bad.SendRequest(RawClient.Write, 0, 1024 * 1024, payload: new byte[1000]);

        await server.Log.WaitForAsync("the client stopped in the middle of a request");
        Assert.True(bad.IsClosed());
        Assert.Equal(0, server.Room.Held);
    }

    [Fact]
    public async Task Replies_that_were_gathered_before_a_wrong_magic_do_not_keep_their_memory()
    {
        await using var server = new RunningServer(new ArrayDevice(_content), new NbdServerOptions { TransferMemory = 2 * 1024 * 1024 });

        for (var i = 0; i < 20; i++)
        {
            using var bad = server.Connect().EnterSimple();
            bad.Send([.. RawClient.Request(RawClient.Read, 0, 10), .. new byte[28]]);
            while (!bad.IsClosed())
            {
                // What came before the wrong one may be answered.
            }
        }

        await using var good = await server.ConnectClientAsync();
        await AssertReadsAsync(good, 5);
        server.Stop();
        await server.Serving;
        Assert.Equal(0, server.Room.Held);
    }

    [Fact]
    public async Task Random_requests_with_a_right_magic_are_all_answered_or_disconnected()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[100_000]));
        var random = new Random(22);

        for (var i = 0; i < 300; i++)
        {
            using var client = server.Connect().EnterStructured();
            var command = (ushort)random.Next(10);
            var (offset, length, flags) = ((ulong)random.NextInt64(-1000, 101_000), (uint)random.Next(5000), (ushort)random.Next(32));
            client.SendRequest(command, offset, length, flags, cookie: i, new byte[command == RawClient.Write ? 5000 : 0]);
            if (command is RawClient.Disc or RawClient.Write)
                continue;

            Assert.Equal(i, client.ReceiveChunks().Last().Cookie);
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_replies_is_disconnected()
    {
        var options = new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(200) };
        await using var server = new RunningServer(new ArrayDevice(_content), options);
        await using var good = await server.ConnectClientAsync();
        using var bad = server.Connect().EnterSimple();

        bad.Send([.. Enumerable.Range(0, 20).SelectMany(i => RawClient.Request(RawClient.Read, 0, (uint)_content.Length, cookie: i))]);

        await server.Log.WaitForAsync("the client does not read its replies");
        await AssertReadsAsync(good, 5);
    }

    [Fact]
    public async Task A_client_that_does_not_read_replies_that_had_to_wait_is_disconnected()
    {
        var options = new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(200) };
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = async (_, _, _) => await Task.Yield() }, options);
        await using var good = await server.ConnectClientAsync();
        using var bad = server.Connect().EnterSimple();

        bad.Send([.. Enumerable.Range(0, 20).SelectMany(i => RawClient.Request(RawClient.Read, 0, (uint)_content.Length, cookie: i))]);

        await server.Log.WaitForAsync("the client does not read its replies");
        await AssertReadsAsync(good, 5);
    }

    [Fact]
    public async Task A_client_that_vanishes_in_the_middle_of_a_write_changes_nothing()
    {
        var device = new ArrayDevice(new byte[100_000]);
        await using var server = new RunningServer(device);
        using (var bad = server.Connect().EnterSimple())
            bad.SendRequest(RawClient.Write, 0, 50_000, payload: new byte[10_000]);

        await server.Log.WaitForAsync("the client left in the middle of a write");
        Assert.Empty(device.Changes);
    }

    [Fact]
    public async Task A_client_that_vanishes_with_requests_in_flight_disturbs_nobody()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RunningServer(
            new ArrayDevice(_content) { Waiting = (offset, _, _) => offset == 0 ? gate.Task : Task.CompletedTask });
        await using var good = await server.ConnectClientAsync();
        using (var bad = server.Connect().EnterSimple())
        {
            for (var i = 0; i < 20; i++)
                bad.SendRequest(RawClient.Read, 0, 100_000, cookie: i);
            bad.Socket.LingerState = new LingerOption(true, 0);
        }

        await AssertReadsAsync(good, 5);
        gate.SetResult();
        await server.Log.WaitForAsync("closed, export");
        await AssertReadsAsync(good, 6);
    }

    [Fact]
    public async Task One_connection_too_many_is_closed_at_once()
    {
        await using var server = new RunningServer(new ArrayDevice(_content), new NbdServerOptions { MaximumConnections = 2 });
        using var first = server.Connect().EnterSimple();
        using var second = server.Connect().Greet();

        using (var third = server.Connect())
            Assert.True(third.IsClosed());

        await server.Log.WaitForAsync("turned away");
        first.SendRequest(RawClient.Read, 0, 0, cookie: 4);
        Assert.Equal((0u, 4L), first.ReceiveSimple());
    }

    private async Task AssertReadsAsync(NbdClient client, int offset)
    {
        var buffer = new byte[100];
        await client.ReadAsync(offset, buffer, TestContext.Current.CancellationToken);
        Assert.Equal(_content.AsSpan(offset, 100).ToArray(), buffer);
    }
}
