using System.Diagnostics;
using System.Runtime.CompilerServices;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>
/// What a server costs when it has all the bytes: Becket's in its memory cache, nbdkit's in its memory or in the page
/// cache. Each is filled with the same image first; the store is not asked while the clock runs.
/// </summary>
internal sealed class WarmRace(IReadOnlyList<Peer> peers) : Race("warm", Images.Random)
{
    /// <summary>An image of 1 GiB and what the cache needs beside it.</summary>
    public const string CacheMemory = "1536M";

    /// <summary>nbdcopy's own size of a request.</summary>
    private const int CopyRequest = 256 * 1024;

    public static readonly IReadOnlyList<string> Rows = ["warm-rand1", "warm-rand32", "warm-copy1", "warm-copy4"];

    public override RaceGround Ground => RaceGround.Local;

    public override IReadOnlyList<Peer> Peers => peers;

    public override async IAsyncEnumerable<Measurement> RunAsync(RaceRun run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (run.Peer.Id == Setting.Peers.Becket)
            run = run with { Order = run.Order with { CacheMemory = CacheMemory } };

        await using var server = await run.StartServerAsync(cancellationToken);
        if (run.Peer.Id == Setting.Peers.Memory)
            await Tool.RunAsync("nbdcopy", [run.Order.Image.Path, run.Order.Uri], cancellationToken);
        else
            await Tool.RunAsync("nbdcopy", [run.Order.Uri, "null:"], cancellationToken);

        foreach (var row in Rows)
        {
            await run.Order.Store.ResetCountsAsync(cancellationToken);
            var cpu = server.Usage.CpuSeconds;
            var measured = await MeasureAsync(row, run, cancellationToken);
            cpu = server.Usage.CpuSeconds - cpu;
            yield return measured with
            {
                ServerCpuSeconds = cpu,
                ServerPeakMemory = server.Usage.PeakMemory,
                Details = new Dictionary<string, double>(measured.Details, StringComparer.Ordinal)
                {
                    ["serverCpuSecondsPerMillionRequests"] = cpu / measured.Details["operations"] * 1e6,
                },
            };
        }
    }

    private static Task<Measurement> MeasureAsync(string row, RaceRun run, CancellationToken cancellationToken) => row switch
    {
        "warm-rand1" => Fio.RunAsync(row, Random(1, run), run, cancellationToken),
        "warm-rand32" => Fio.RunAsync(row, Random(32, run), run, cancellationToken),
        "warm-copy1" => CopyAsync(row, 1, run, cancellationToken),
        _ => CopyAsync(row, 4, run, cancellationToken),
    };

    private static FioJob Random(int depth, RaceRun run) => new("randread", "4k", depth, run.Limits.Warm, FioJob.Coverage.Repeated);

    private static async Task<Measurement> CopyAsync(string row, int connections, RaceRun run, CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        await Tool.RunAsync("nbdcopy", [$"--connections={connections}", run.Order.Uri, "null:"], cancellationToken);
        var size = run.Order.Image.Size;
        return new Measurement(row, Unit.MegabytesPerSecond, size / 1e6 / Stopwatch.GetElapsedTime(begin).TotalSeconds, Outcome.Finished)
        {
            Details = new Dictionary<string, double>(StringComparer.Ordinal) { ["operations"] = (double)size / CopyRequest },
        };
    }
}
