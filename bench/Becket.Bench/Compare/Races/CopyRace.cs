using System.Diagnostics;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>
/// nbdcopy of the whole object to nowhere. Who does not get through within the limit is cut off, and its rate is what the
/// store sent until then: at least what the client got.
/// </summary>
internal sealed class CopyRace(IReadOnlyList<Peer> peers) : SingleRace("copy", Images.Random)
{
    public override IReadOnlyList<Peer> Peers => peers;

    protected override async Task<Measurement> MeasureAsync(RaceRun run, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(run.Limits.Copy);
        var begin = Stopwatch.GetTimestamp();
        try
        {
            await Tool.RunAsync("nbdcopy", [run.Order.Uri, "null:"], limit.Token);
            return Rate(run.Order.Image.Size, begin, Outcome.Finished);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Rate((await run.Order.Store.CountsAsync(cancellationToken)).Bytes, begin, Outcome.Bounded);
        }
    }

    private Measurement Rate(long bytes, long begin, Outcome outcome) =>
        new(Id, Unit.MegabytesPerSecond, bytes / 1e6 / Stopwatch.GetElapsedTime(begin).TotalSeconds, outcome);
}
