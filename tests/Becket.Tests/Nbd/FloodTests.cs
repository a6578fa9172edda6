using System.Globalization;
using System.Net.Sockets;
using Becket.Nbd;
using Microsoft.Extensions.Time.Testing;

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
            await Condition.WaitAsync(() => server.Connections == Maximum - 1, "one connection fewer than allowed");
            using (server.Connect().EnterSimple())
                await AssertReadsAsync(good, 7);
            served.ForEach(client => client.Dispose());
        }

        var refusals = server.Log.Lines.Where(static line => line.Contains("turned away", StringComparison.Ordinal)).ToList();
        Assert.Equal(QuietLog.Burst, refusals.Count(static line => LeftOut(line) == 0));
        Assert.Equal((10 * Maximum) - QuietLog.Burst, server.Log.Lines.Sum(LeftOut));
    }

    /// <summary>
    /// What comes in a second is the load and nothing that is asserted: on a slow machine it takes longer, and counts the same. The log's
    /// clock stands still, so that all of it is one interval.
    /// </summary>
    [Fact]
    public async Task A_thousand_clients_a_second_for_five_seconds_meet_limits_and_disturb_nobody()
    {
        const int perStep = 100;
        const int steps = 50;
        const int stay = 8; // steps: 800 clients at a time, of which 480 do not end by themselves, more than there may be
        var options = new NbdServerOptions { Time = new FakeTimeProvider() };
        var server = new RunningServer(new ArrayDevice(_content) { Waiting = async (_, _, _) => await Task.Yield() }, options);
        var arrived = 1L + (perStep * steps);
        long accepted;
        await using (server)
        {
            await using var good = await server.ConnectClientAsync();
            for (var read = 0; read < 20 * 1024 * 1024; read += _content.Length)
                await good.ReadAsync(0, new byte[_content.Length], TestContext.Current.CancellationToken); // no newcomer any more
            var sockets = ProcessCount.Sockets();
            var most = GC.GetTotalMemory(forceFullCollection: true) + options.TransferMemory + (options.MaximumConnections * 128 * 1024);

            var crowd = new Queue<List<RawClient>>();
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            for (var step = 0; step < steps; step++)
            {
                var number = step;
                var arriving = Task.Run(() => Enumerable.Range(0, perStep).Select(i => Arrive(server, (number * perStep) + i)).ToList());
                while (!arriving.IsCompleted)
                    await AssertReadsAsync(good, step);
                crowd.Enqueue(await arriving);
                await AssertReadsAsync(good, step);
                if (crowd.Count == stay)
                {
                    await server.Log.WaitForAsync("turned away");
                    crowd.Dequeue().ForEach(static client => client.Dispose());
                }

                Assert.InRange(server.Totals.Connections, 1, options.MaximumConnections);
                // A session has a thread, and another one for replies that had to wait.
                Assert.InRange(ProcessCount.SessionThreads(), 1, 2 * options.MaximumConnections);
                Assert.InRange(server.Room.Held, 0, options.TransferMemory);
                if (step % 10 == 9)
                    Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, most);
                await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
            foreach (var left in crowd)
                left.ForEach(static client => client.Dispose());

            // Who comes last is let in when all before it have been dealt with.
            do
                arrived++;
            while (!IsLetIn(server));
            await Condition.WaitAsync(() => server.Connections == 1, "one connection alone");
            await Condition.WaitAsync(() => ProcessCount.SessionThreads() <= 2, "threads of sessions to end");
            await Condition.WaitAsync(() => ProcessCount.Sockets() <= sockets, "sockets to be closed");
            await AssertReadsAsync(good, 1);
            accepted = server.Totals.Accepted;
        }

        // Nobody was lost: each one was served or is counted by a line that says why not.
        var refusals = server.Log.Lines
            .Where(static line =>
                line.Contains("turned away", StringComparison.Ordinal) || line.Contains("cannot be served", StringComparison.Ordinal))
            .ToList();
        var refused = refusals.Sum(static line => Math.Max(1, LeftOut(line)));
        Assert.Equal(arrived, accepted + refused);
        var tooMany = $"turned away, there are {options.MaximumConnections} connections already";
        Assert.Contains(refusals, line => line.EndsWith(tooMany, StringComparison.Ordinal));
        // Of two kinds of news (opened, closed) and of some kinds of warnings; what is left out is counted once by each kind.
        Assert.InRange(server.Log.Lines.Count, 1, (2 * QuietLog.BurstOfNews) + (5 * QuietLog.Burst) + 10);
        Assert.InRange(server.Log.Lines.Count(static line => LeftOut(line) > 0), 1, 7);
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

        await Condition.WaitAsync(() => server.Connections == 1, "one connection alone");
        await Condition.WaitAsync(() => ProcessCount.SessionThreads() == 1, "threads of sessions to end");
        await Condition.WaitAsync(() => ProcessCount.Sockets() <= sockets, "sockets to be closed");
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
        await Condition.WaitAsync(() => clients.TrueForAll(client => Unread(client.Socket) == 0), "the server to have taken everything");

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

    private static bool IsLetIn(RunningServer server)
    {
        using var client = server.Connect();
        try
        {
            client.EnterSimple();
            return true;
        }
        catch (Exception e) when (e is EndOfStreamException or SocketException)
        {
            return false;
        }
    }

    /// <summary>A client that talks without listening, so that its pace is its own.</summary>
    private static RawClient Arrive(RunningServer server, int number)
    {
        var client = server.Connect();
        try
        {
            switch (number % 5)
            {
                case 1:
                    client.Send([.. RawClient.Big(3u), .. "IHAVE"u8]);
                    break;
                case 2:
                    client.Send(RawClient.Big(3u));
                    client.SendOption(RawClient.Go, RawClient.InfoData(""));
                    for (var cookie = 0; cookie < 10; cookie++)
                        client.SendRequest(RawClient.Read, 0, 100_000, cookie: cookie);
                    break;
                case 3:
                    client.Socket.LingerState = new LingerOption(true, 0);
                    client.Dispose();
                    break;
                case 4:
                    client.Send("GET / HTTP/1.1\r\n\r\n"u8);
                    break;
            }
        }
        catch (SocketException)
        {
            // Turned away before it had said a word.
        }

        return client;
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

    /// <summary>How many lines the log stands for that were left out; 0 for a line of its own.</summary>
    private static int LeftOut(string line) =>
        line.StartsWith("left out", StringComparison.Ordinal) ? int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) : 0;

    private async Task AssertReadsAsync(NbdClient client, int offset)
    {
        var buffer = new byte[100];
        await client.ReadAsync(offset, buffer, TestContext.Current.CancellationToken);
        Assert.Equal(_content.AsSpan(offset, 100).ToArray(), buffer);
    }
}
