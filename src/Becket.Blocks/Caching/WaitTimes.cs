using System.Numerics;

namespace Becket.Blocks.Caching;

/// <summary>
/// How long the reads of a device waited since it was opened, in buckets of a quarter of their power of two. For many threads at
/// once; adding takes no lock.
/// </summary>
internal sealed class WaitTimes
{
    private const int Quarters = 4;

    private readonly long[] _counts = new long[40 * Quarters]; // up to some twelve days

    public long Count => _counts.Sum();

    public void Add(TimeSpan wait) => Interlocked.Increment(ref _counts[BucketOf(wait)]);

    /// <summary>
    /// The time within which a part (0 to 1) of all reads was answered, at most a quarter too long; <paramref name="hits"/> are those
    /// that did not wait.
    /// </summary>
    public TimeSpan Percentile(double part, long hits)
    {
        var rank = (long)Math.Ceiling(part * (hits + Count)) - hits;
        for (var bucket = 0; rank > 0 && bucket < _counts.Length; bucket++)
        {
            rank -= Volatile.Read(ref _counts[bucket]);
            if (rank <= 0)
                return EndOf(bucket);
        }
        return TimeSpan.Zero;
    }

    private static int BucketOf(TimeSpan wait)
    {
        var microseconds = (ulong)Math.Max(wait.TotalMicroseconds, Quarters);
        var power = BitOperations.Log2(microseconds);
        return Math.Min((power * Quarters) + (int)((microseconds >> (power - 2)) & 3), (40 * Quarters) - 1);
    }

    private static TimeSpan EndOf(int bucket) =>
        TimeSpan.FromMicroseconds((Quarters + (bucket % Quarters) + 1L) << ((bucket / Quarters) - 2));
}
