using System.Numerics;

namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// The runs of absent blocks in a range, in order, each as long as possible within it. What is fetched while the runs are
/// walked changes only blocks that they have passed.
/// </summary>
internal ref struct AbsentRuns(IFetchTarget target, ByteRange range, long size)
{
    private readonly long _end = Math.Min(range.End, size);
    private long _next = range.Offset / CacheGeometry.Block * CacheGeometry.Block;

    /// <summary>Starts on a block and ends on one or with the device.</summary>
    public ByteRange Current { get; private set; }

    public readonly AbsentRuns GetEnumerator() => this;

    public bool MoveNext()
    {
        var start = Skip(_next, absent: 0);
        if (start >= _end)
            return false;
        _next = Skip(start, absent: CacheGeometry.AllBlocks);
        // The range may end inside a block; a block is fetched whole.
        var end = (Math.Min(_next, _end) + CacheGeometry.Block - 1) / CacheGeometry.Block * CacheGeometry.Block;
        Current = ByteRange.FromBounds(start, Math.Min(end, size));
        return true;
    }

    /// <summary>How many bytes of a range are absent.</summary>
    public static long Count(IFetchTarget target, ByteRange range, long size)
    {
        var bytes = 0L;
        foreach (var run in new AbsentRuns(target, range, size))
            bytes += run.Length;
        return bytes;
    }

    /// <summary>The first block from <paramref name="offset"/> on that is not as said: absent (all ones) or not (zero).</summary>
    private readonly long Skip(long offset, uint absent)
    {
        while (offset < _end)
        {
            var piece = CacheGeometry.PieceOf(offset);
            var first = (int)(offset - (piece * CacheGeometry.Piece)) / CacheGeometry.Block;
            var others = (target.AbsentBlocks(piece) ^ absent) & (CacheGeometry.AllBlocks << first);
            if (others != 0)
                return (piece * CacheGeometry.Piece) + ((long)BitOperations.TrailingZeroCount(others) * CacheGeometry.Block);
            offset = (piece + 1) * CacheGeometry.Piece;
        }

        return offset;
    }
}
