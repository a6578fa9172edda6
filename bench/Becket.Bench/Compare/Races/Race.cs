using System.Runtime.CompilerServices;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>Whether a race reads the store, from some distance.</summary>
internal enum RaceGround
{
    /// <summary>Through the proxy, once for each latency.</summary>
    Store,

    /// <summary>From what the servers have at hand already; once.</summary>
    Local,
}

/// <summary>
/// One discipline: what a client does with a server. Every run has a server of its own, with an empty cache unless the
/// race says otherwise, and reports what it measured, for one row of the table or several.
/// </summary>
internal abstract class Race(string id, string imageKey)
{
    public string Id => id;

    public string ImageKey => imageKey;

    public virtual RaceGround Ground => RaceGround.Store;

    public abstract IReadOnlyList<Peer> Peers { get; }

    public abstract IAsyncEnumerable<Measurement> RunAsync(RaceRun run, CancellationToken cancellationToken);
}

/// <summary>Everything that one run of a race has: who, over what, where, which time.</summary>
internal sealed record RaceRun(Peer Peer, ServerOrder Order, SampleTree? Tree, RaceLimits Limits, int Round)
{
    public Task<RunningProcess> StartServerAsync(CancellationToken cancellationToken) => Server.StartAsync(Peer, Order, cancellationToken);
}

/// <summary>A race with one figure, over a server that was started for it.</summary>
internal abstract class SingleRace(string id, string imageKey) : Race(id, imageKey)
{
    public override async IAsyncEnumerable<Measurement> RunAsync(RaceRun run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var server = await run.StartServerAsync(cancellationToken);
        yield return (await MeasureAsync(run, cancellationToken)) with
        {
            ServerCpuSeconds = server.Usage.CpuSeconds,
            ServerPeakMemory = server.Usage.PeakMemory,
        };
    }

    protected abstract Task<Measurement> MeasureAsync(RaceRun run, CancellationToken cancellationToken);
}
