using System.Diagnostics;
using System.Globalization;
using Becket.DevS3;
using Becket.InteropTests.Faults;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Becket.Nbd;

namespace Becket.InteropTests.Soak;

/// <summary>
/// One server for a long time, with caches that are too small and a store that is in trouble again and again: no wrong byte, no error, and
/// nothing that grows. 30 s; <c>BECKET_SOAK=1h</c> for as long, <c>BECKET_SEED=7</c> for other reads and faults.
/// </summary>
public sealed class SoakTests(RealStores stores) : InteropTest(stores)
{
    private const int Clients = 8;

    /// <summary>The first of these many stretches are for getting warm; the last third is held against the middle one.</summary>
    private const int Windows = 12;

    /// <summary>What may come and go between two stretches: a heap before its collection, connections, threads of the pool.</summary>
    private static readonly ProcessFootprint Slack = new(12 * 1024, 48, 12);

    private static readonly TimeSpan Time = ReadTime(Environment.GetEnvironmentVariable("BECKET_SOAK") ?? "30s");

    private static readonly FaultKind[] Passing =
    [
        FaultKind.SlowDown, FaultKind.InternalError, FaultKind.Reset, FaultKind.ResetInBody, FaultKind.ResetAfterBody, FaultKind.Truncate,
    ];

    private readonly ReadTimes _times = new();

    private int _restarts;

    [Fact]
    public async Task A_server_serves_right_bytes_for_a_long_time_and_does_not_grow()
    {
        // However long it is: no limit but the run's own.
        var token = TestContext.Current.CancellationToken;
        var names = Enumerable.Range(1, Clients).Select(NameOf).ToArray();
        await using var store = await TroubledStore.StartAsync(names, token);
        await using var becket = await BecketServer.StartAsync(
            store.Source(KeyPlace.Environment).With([
                .. names.SelectMany(static name => (string[])["--export", $"{name}=s3://{TroubledStore.Bucket}/{name}"]),
                "--cache-memory", "16M", "--cache-dir", Folder["cache"], "--cache-size", "16M", "--zone", "256K", "--readahead", "512K",
            ]),
            token);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(token);
        ending.CancelAfter(Time);

        Task[] work = [.. Enumerable.Range(0, Clients).Select(i => ReadAsync(becket, i, ending.Token)), TroubleAsync(store, ending.Token)];
        var windows = await WatchAsync(becket, Task.WhenAll(work), token);
        await Task.WhenAll(work);

        var before = ProcessFootprint.Peak(windows[(Windows / 3)..(Windows * 2 / 3)]);
        var after = ProcessFootprint.Peak(windows[(Windows * 2 / 3)..]);
        var figures = $"{Time.TotalSeconds:0} s, seed {LongRun.Seed}, {_restarts} restarts of the store: {_times}\n"
            + string.Join('\n', windows.Select(static window => $"  {window}"));
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(after.ResidentKibibytes <= before.ResidentKibibytes + Slack.ResidentKibibytes, $"memory grows: {figures}");
        Assert.True(after.Descriptors <= before.Descriptors + Slack.Descriptors, $"descriptors grow: {figures}");
        Assert.True(after.Threads <= before.Threads + Slack.Threads, $"threads grow: {figures}");
        await becket.StopAsync(token);
    }

    /// <summary>The peak of each stretch of the time.</summary>
    private static async Task<ProcessFootprint[]> WatchAsync(BecketServer becket, Task work, CancellationToken cancellationToken)
    {
        const int Samples = 10;
        var windows = new ProcessFootprint[Windows];
        using var timer = new PeriodicTimer(Time / (Windows * Samples));
        for (var i = 0; i < Windows * Samples && !work.IsCompleted; i++)
        {
            var window = i / Samples;
            windows[window] = ProcessFootprint.Peak([windows[window], ProcessFootprint.Of(becket.Id)]);
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        return windows;
    }

    private async Task ReadAsync(BecketServer becket, int client, CancellationToken cancellationToken)
    {
        var random = new Random(LongRun.Seed + client);
        var buffer = new byte[256 << 10];
        var number = client + 1;
        await using var connection = await NbdClient.ConnectAsync(NbdUri.Unix(becket.Socket, NameOf(number)), cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            var part = buffer.AsMemory(0, random.Next(8) == 0 ? buffer.Length : (1 + random.Next(16)) * 4096);
            var offset = random.Next((TroubledStore.Size - part.Length) / 512) * 512L;
            var started = Stopwatch.GetTimestamp();
            // Not cancelled on its way: that would end the connection, and a read that fails at the end is a failure, too.
            await connection.ReadAsync(offset, part, CancellationToken.None);
            _times.Add(Stopwatch.GetElapsedTime(started));
            Assert.True(
                KnownBytes.Are(number, offset, part.Span),
                $"BECKET_SEED={LongRun.Seed}: wrong bytes in {NameOf(number)} at {offset}, {part.Length} bytes");
            // The machine has other things to do.
            await Task.Delay(random.Next(4), CancellationToken.None);
        }
    }

    /// <summary>Trouble and quiet in turn.</summary>
    private async Task TroubleAsync(TroubledStore store, CancellationToken cancellationToken)
    {
        var random = new Random(LongRun.Seed);
        try
        {
            while (true)
            {
                foreach (var kind in Passing)
                    store.Faults.Add(new FaultRule(kind) { Probability = random.NextDouble() * 0.1, RetryAfter = null });
                store.Faults.Add(new FaultRule(FaultKind.Latency)
                {
                    Probability = 0.2,
                    MaximumLatency = TimeSpan.FromMilliseconds(random.Next(300)),
                });
                await Task.Delay(random.Next(500, 2000), cancellationToken);
                store.Faults.Clear();
                await Task.Delay(random.Next(500, 1000), cancellationToken);
                await store.StopServerAsync();
                await Task.Delay(random.Next(600), CancellationToken.None);
                await store.StartServerAgainAsync(CancellationToken.None);
                _restarts++;
            }
        }
        catch (OperationCanceledException)
        {
            // The end; the last reads are to be answered.
            store.Faults.Clear();
        }
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"object{number}");

    private static TimeSpan ReadTime(string text) => int.Parse(text[..^1], CultureInfo.InvariantCulture) * (text[^1] switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        _ => throw new FormatException($"BECKET_SOAK={text} is not a time such as 30s, 5m, 1h"),
    });
}
