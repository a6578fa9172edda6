using System.Numerics;

namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// How far to reach beyond a read, in bytes: the policy's sizes, or less where the store's pace makes them a bad bargain.
/// </summary>
/// <param name="Zone">A power of two, at least a piece.</param>
/// <param name="Get">A power of two, at least a piece.</param>
/// <param name="Readahead">The furthest that a stream is read ahead; zero for not at all.</param>
/// <param name="StreamGet">The longest GET far ahead of a stream; a power of two.</param>
/// <param name="Waiting">How many bytes may wait in the background.</param>
internal readonly record struct FetchSizes(long Zone, long Get, long Readahead, long StreamGet, long Waiting)
{
    private const long LeastReadahead = 1 << 20;

    /// <summary>Below this, a window in flight is bounded by the connections, not by the way to the store.</summary>
    private static readonly TimeSpan ShortestWay = TimeSpan.FromMilliseconds(5);

    /// <summary>How long one background GET may hold the whole line, if the store is not farther away than that.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(20);

    /// <summary>What the policy allows; used while nothing is known about the store. Long GETs are for stores known to be far.</summary>
    public static FetchSizes Of(FetchPolicy policy) =>
        new(PowerOfTwo(policy.Zone), PowerOfTwo(policy.BackgroundGet), policy.Readahead, PowerOfTwo(policy.BackgroundGet), policy.Waiting);

    /// <summary>
    /// What is worth fetching from a store of this pace. While a first byte is on its way the line could have carried latency
    /// times bandwidth. A zone of about that much costs one more latency; larger ones cost more than the misses they save.
    /// </summary>
    public static FetchSizes For(FetchPolicy policy, StorePace pace)
    {
        var most = Of(policy);
        var zone = Bytes(pace, pace.FirstByte);
        var readahead = Math.Min(most.Readahead, Math.Max(LeastReadahead, 4 * Bytes(pace, Longer(pace.FirstByte, ShortestWay))));
        // A stream is fed by several connections: its window is never one GET.
        var get = Math.Min(Bytes(pace, Longer(pace.FirstByte, LongestHold)), Math.Max(LeastReadahead, readahead) / 8);
        var shortest = Math.Min(most.Get, PowerOfTwo(get));
        return new FetchSizes(
            Math.Min(most.Zone, PowerOfTwo(zone + (zone / 2))), // the nearest, not the next below
            shortest,
            readahead,
            Math.Max(shortest, PowerOfTwo(Math.Min(policy.StreamGet, zone / 2))),
            Math.Min(most.Waiting, Math.Max(LeastReadahead, Bytes(pace, TimeSpan.FromSeconds(1)))));
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>What the line carries in a time; bounded so that sums of it do not overflow.</summary>
    private static long Bytes(StorePace pace, TimeSpan time) => (long)Math.Clamp(pace.BytesPerSecond * time.TotalSeconds, 0, 1L << 40);

    /// <summary>The power of two at or below a size, but never less than a piece.</summary>
    private static long PowerOfTwo(long bytes) =>
        bytes <= CacheGeometry.Piece ? CacheGeometry.Piece : 1L << BitOperations.Log2((ulong)bytes);
}
