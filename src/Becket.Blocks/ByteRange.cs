namespace Becket.Blocks;

/// <summary>
/// A stretch of a device: <paramref name="Length"/> bytes from <paramref name="Offset"/>. Both are non-negative, and
/// <see cref="End"/> never overflows for a range that was checked against a device.
/// </summary>
/// <param name="Offset">First byte, counted from the start of the device.</param>
/// <param name="Length">Number of bytes; zero is a valid, empty range.</param>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>The first byte behind the range.</summary>
    public long End => Offset + Length;

    public bool IsEmpty => Length == 0;

    public static ByteRange FromBounds(long start, long end) => new(start, end - start);

    public bool Contains(long offset) => offset >= Offset && offset < End;

    /// <summary>Whether the range lies within a device of <paramref name="size"/> bytes. Safe for every pair of values.</summary>
    public bool FitsIn(long size) => Offset >= 0 && Length >= 0 && Offset <= size && Length <= size - Offset;

    /// <summary>The part of this range that lies in <paramref name="other"/>; empty where they do not meet.</summary>
    public ByteRange Intersect(ByteRange other)
    {
        var start = Math.Max(Offset, other.Offset);
        var end = Math.Min(End, other.End);
        return end > start ? FromBounds(start, end) : new ByteRange(start, 0);
    }

    /// <summary>The smallest range on multiples of <paramref name="block"/> bytes (a power of two) that holds this one.</summary>
    public ByteRange AlignOutward(int block)
    {
        long mask = block - 1;
        return FromBounds(Offset & ~mask, (End + mask) & ~mask);
    }

    /// <summary>
    /// The largest range on multiples of <paramref name="block"/> bytes (a power of two) within this one; empty if none fits.
    /// </summary>
    public ByteRange AlignInward(int block)
    {
        long mask = block - 1;
        var start = (Offset + mask) & ~mask;
        var end = End & ~mask;
        return end > start ? FromBounds(start, end) : new ByteRange(start, 0);
    }

    public override string ToString() => string.Create(null, stackalloc char[64], $"[{Offset}, {End})");
}
