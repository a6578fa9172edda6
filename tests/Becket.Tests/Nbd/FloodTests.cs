using System.Net.Sockets;
using Becket.Nbd;

namespace Becket.Tests.Nbd;

/// <summary>Far more clients than a server is meant for, beside one that reads all the while.</summary>
[Collection(nameof(Alone))]
public sealed class FloodTests
{
    private const int Maximum = 20;

    private readonly byte[] _content = new byte[100_000];

    public FloodTests() => new Random(3).NextBytes(_content);

    [Fact]
    public async Task Ten_times_as_many_clients_as_there_may_be_are_turned_away_in_a_few_lines_of_the_log()
    {
        var server = new RunningServer(new ArrayDevice(_content), new NbdServerOptions { MaximumConnections = Maximum });
        await using (server)
        {
            await using var good = await server.ConnectClientAsync();
            var served = Enumerable.Range(1, Maximum - 1).Select(_ => server.Connect().EnterSimple()).ToList();

            for (var i = 0; i < 10 * Maximum; i++)
            {
                using var further = server.Connect();
                Assert.True(further.IsClosed());
                if (i % 10 == 0)
                    await AssertReadsAsync(good, i);
            }

            // Those who left make room, and nobody else was disturbed.
            Assert.Equal(Maximum, server.Connections);
            served[0].Dispose();
            await EventuallyAsync(() => server.Connections == Maximum - 1);
            using (server.Connect().EnterSimple())
                await AssertReadsAsync(good, 7);
            served.ForEach(client => client.Dispose());
        }

        Assert.Equal(QuietLog.Burst, server.Log.Lines.Count(line => line.Contains("turned away", StringComparison.Ordinal) && !line.StartsWith("left out", StringComparison.Ordinal)));
        var leftOut = server.Log.Lines.Where(line => line.StartsWith("left out", StringComparison.Ordinal)).Sum(line => int.Parse(line.Split(' ')[2], null));
        Assert.Equal((10 * Maximum) - QuietLog.Burst, leftOut);
    }

    [Fact]
    public async Task Thousands_of_clients_that_come_and_go_leave_nothing_behind()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        server.Log.Level = Microsoft.Extensions.Logging.LogLevel.Warning;
        await using var good = await server.ConnectClientAsync();
        await AssertReadsAsync(good, 0);
        await CrowdAsync(server, good, 500);
        var (sockets, memory) = (ProcessCount.Sockets(), GC.GetTotalMemory(forceFullCollection: true));

        await CrowdAsync(server, good, 5000);

        await EventuallyAsync(() => server.Connections == 1);
        await EventuallyAsync(() => ProcessCount.SessionThreads() == 1);
        await EventuallyAsync(() => ProcessCount.Sockets() <= sockets);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, memory + (4 * 1024 * 1024));
        Assert.Equal(0, server.Room.Held);
    }

    [Fact]
    public async Task Clients_that_stop_in_the_middle_of_a_long_option_take_no_memory_for_them()
    {
        const int count = 100;
        await using var server = new RunningServer(new ArrayDevice(_content));
        await using var good = await server.ConnectClientAsync();
        var clients = Enumerable.Range(0, count).Select(_ => server.Connect().Greet()).ToList();
        clients.ForEach(client => client.Ask(RawClient.StructuredReply));
        var before = GC.GetTotalMemory(forceFullCollection: true);

        // More than socket buffers hold, but for the last byte: the server has begun to take it, and whatever it needs for that.
        foreach (var client in clients)
            client.Send([.. "IHAVEOPT"u8, .. RawClient.Big(99u), .. RawClient.Big(1024u * 1024), .. new byte[(1024 * 1024) - 1]]);
        await EventuallyAsync(() => clients.TrueForAll(client => Unread(client.Socket) == 0));

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, before + (8 * 1024 * 1024));
        await AssertReadsAsync(good, 9);
        clients.ForEach(client => client.Dispose());
    }

    /// <summary>Bytes for which the other side's kernel has had no room yet.</summary>
    private static int Unread(Socket socket) => SocketCalls.CountUnsent(socket.SafeHandle);

    private async Task CrowdAsync(RunningServer server, NbdClient good, int count)
    {
        var crowd = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < count / 4; i++)
            {
                using var client = server.Connect();
                try
                {
                    Begin(client, i % 4);
                }
                catch (EndOfStreamException)
                {
                    // Turned away: those before it are not all gone yet.
                }
            }
        })));
        for (var i = 0; !crowd.IsCompleted; i++)
        {
            await AssertReadsAsync(good, i % 90_000);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await crowd;
    }

    private static void Begin(RawClient client, int how)
    {
        switch (how)
        {
            case 1:
                client.Greet();
                break;
            case 2:
                client.EnterSimple().SendRequest(RawClient.Read, 0, 1000);
                break;
            case 3:
                client.Socket.LingerState = new LingerOption(true, 0);
                break;
        }
    }

    private async Task AssertReadsAsync(NbdClient client, int offset)
    {
        var buffer = new byte[100];
        await client.ReadAsync(offset, buffer, TestContext.Current.CancellationToken);
        Assert.Equal(_content.AsSpan(offset, 100).ToArray(), buffer);
    }

    private static async Task EventuallyAsync(Func<bool> isSo)
    {
        for (var left = 6000; !isSo(); left--)
        {
            Assert.True(left > 0, "never came about");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
