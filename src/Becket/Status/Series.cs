using System.Numerics;

namespace Becket.Status;

/// <summary>
/// The cumulative value of one set of tags: a number, or the buckets of a histogram. Each processor adds to its own stripe of
/// memory; who reads adds them up, and may be apart by what is just being added.
/// </summary>
internal sealed class Series
{
    /// <summary>Cells before a stripe's buckets: whole numbers, and the bits of a fraction or of a histogram's sum.</summary>
    private const int Whole = 0;
    private const int Fraction = 1;
    private const int Buckets = 2;

    private const int CacheLine = 8; // longs

    private static readonly int Stripes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 64));

    private readonly double[] _bounds;
    private readonly int _stripe;
    private readonly long[] _cells;

    public Series(KeyValuePair<string, object?>[] tags, double[] bounds)
    {
        (Tags, _bounds) = (tags, bounds);
        var lines = (Buckets + bounds.Length + CacheLine) / CacheLine; // with the bucket that has no bound, rounded up
        _stripe = (lines + (lines % 2)) * CacheLine; // whole pairs, which processors fetch together
        _cells = new long[_stripe * (Stripes + 1)]; // the first stripe's length keeps the array's header away
    }

    public IReadOnlyList<KeyValuePair<string, object?>> Tags { get; }

    /// <summary>The number; of a histogram, the sum of its values.</summary>
    public double Value
    {
        get
        {
            var (whole, fraction) = (0L, 0.0);
            for (var stripe = _stripe; stripe < _cells.Length; stripe += _stripe)
            {
                whole += Volatile.Read(ref _cells[stripe + Whole]);
                fraction += BitConverter.Int64BitsToDouble(Volatile.Read(ref _cells[stripe + Fraction]));
            }
            return whole + fraction;
        }
    }

    /// <summary>How many values fell into each bucket; the last one has no upper bound.</summary>
    public long[] Counts()
    {
        var counts = new long[_bounds.Length + 1];
        for (var stripe = _stripe; stripe < _cells.Length; stripe += _stripe)
        {
            for (var bucket = 0; bucket < counts.Length; bucket++)
                counts[bucket] += Volatile.Read(ref _cells[stripe + Buckets + bucket]);
        }
        return counts;
    }

    public void Add(long value) => Interlocked.Add(ref _cells[MyStripe() + Whole], value);

    public void Add(double value) => AddTo(ref _cells[MyStripe() + Fraction], value);

    /// <summary>Replaces the number. One thread at a time.</summary>
    public void Set(double value) => Volatile.Write(ref _cells[_stripe + Fraction], BitConverter.DoubleToInt64Bits(value));

    /// <summary>Counts a value of a histogram.</summary>
    public void Count(double value)
    {
        var stripe = MyStripe();
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
            bucket++;
        Interlocked.Increment(ref _cells[stripe + Buckets + bucket]);
        AddTo(ref _cells[stripe + Fraction], value);
    }

    private int MyStripe() => ((Thread.GetCurrentProcessorId() & (Stripes - 1)) + 1) * _stripe;

    private static void AddTo(ref long cell, double value)
    {
        var before = Volatile.Read(ref cell);
        while (true)
        {
            var after = BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(before) + value);
            var seen = Interlocked.CompareExchange(ref cell, after, before);
            if (seen == before)
                return;
            before = seen;
        }
    }
}
