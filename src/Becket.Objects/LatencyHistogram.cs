using System.Numerics;

namespace Becket.Objects;

/// <summary>
/// How long things took lately: a count for each of 232 stretches of time, each an eighth of its power of two. A percentile
/// is the end of its stretch, so at most an eighth too long. For many threads at once.
/// </summary>
/// <param name="memory">
/// It knows the last <paramref name="memory"/> to twice as many samples: they are counted in two generations, and a full one
/// takes the place of the older. (Halving every count instead would drop the rare long ones first, or keep them for ever.)
/// </param>
internal sealed class LatencyHistogram(int memory = int.MaxValue)
{
    private const int EighthBits = 3;
    private const int Eighths = 1 << EighthBits;
    private const int LongestBits = 30; // in microseconds, some 18 minutes; what is longer counts as that

    private readonly Lock _lock = new();
    private int[] _young = new int[Buckets];
    private int[] _old = new int[Buckets];
    private int _youngCount;
    private int _oldCount;

    private static int Buckets => (LongestBits - EighthBits + 2) * Eighths;

    /// <summary>The samples that percentiles are taken of.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _youngCount + _oldCount;
        }
    }

    public void Add(TimeSpan duration)
    {
        var bucket = BucketOf(duration);
        lock (_lock)
        {
            if (_youngCount >= memory)
            {
                (_young, _old) = (_old, _young);
                (_youngCount, _oldCount) = (0, _youngCount);
                Array.Clear(_young);
            }
            _young[bucket]++;
            _youngCount++;
        }
    }

    /// <summary>The time within which this part of the samples stayed; zero where there are none.</summary>
    /// <param name="part">Above 0, up to 1: 0.5 is the median.</param>
    public TimeSpan Percentile(double part)
    {
        lock (_lock)
        {
            var rank = (long)Math.Ceiling(part * ((long)_youngCount + _oldCount));
            if (rank == 0)
                return TimeSpan.Zero;
            var bucket = 0;
            for (long below = _young[0] + _old[0]; below < rank; below += _young[bucket] + _old[bucket])
                bucket++;
            return EndOf(bucket);
        }
    }

    private static int BucketOf(TimeSpan duration)
    {
        var microseconds = (long)Math.Clamp(duration.TotalMicroseconds, 0, (1L << (LongestBits + 1)) - 1);
        if (microseconds < Eighths)
            return (int)microseconds;
        var power = BitOperations.Log2((ulong)microseconds);
        return (power - EighthBits) * Eighths + (int)(microseconds >> (power - EighthBits));
    }

    private static TimeSpan EndOf(int bucket)
    {
        if (bucket < Eighths)
            return TimeSpan.FromMicroseconds(bucket + 1);
        var power = bucket / Eighths + EighthBits - 1;
        return TimeSpan.FromMicroseconds((Eighths + bucket % Eighths + 1L) << (power - EighthBits));
    }
}
