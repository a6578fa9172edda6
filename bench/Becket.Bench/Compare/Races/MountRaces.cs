using System.Runtime.CompilerServices;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>The first mount of an image: nobody has read it before.</summary>
internal sealed class FirstMountRace(string id, string imageKey, IReadOnlyList<Peer> peers) : SingleRace(id, imageKey)
{
    public override IReadOnlyList<Peer> Peers => peers;

    protected override Task<Measurement> MeasureAsync(RaceRun run, CancellationToken cancellationToken) =>
        LoopMount.MeasureAsync(Id, run, cancellationToken);
}

/// <summary>
/// The second mount of an image: a new process over the cache folder that another one has left, against a server of the
/// same image as a local file.
/// </summary>
internal sealed class SecondMountRace(IReadOnlyList<Peer> peers) : Race("second-mount", Images.Ext4)
{
    public override IReadOnlyList<Peer> Peers => peers;

    public override async IAsyncEnumerable<Measurement> RunAsync(RaceRun run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        run = run with { Order = run.Order with { CacheFolder = Path.Combine(run.Order.Folder, "cache") } };
        var folder = Directory.CreateDirectory(Path.Combine(run.Order.Folder, "earlier")).FullName;
        var earlier = run with { Order = run.Order with { Folder = folder } };
        await using (await earlier.StartServerAsync(cancellationToken))
        {
            await LoopMount.MeasureAsync(Id, earlier, cancellationToken);
        }

        await run.Order.Store.ResetCountsAsync(cancellationToken);
        await using var server = await run.StartServerAsync(cancellationToken);
        yield return (await LoopMount.MeasureAsync(Id, run, cancellationToken)) with
        {
            ServerCpuSeconds = server.Usage.CpuSeconds,
            ServerPeakMemory = server.Usage.PeakMemory,
        };
    }
}
