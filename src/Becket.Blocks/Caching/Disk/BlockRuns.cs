using System.Numerics;

namespace Becket.Blocks.Caching.Disk;

/// <summary>A set of blocks as its runs of neighbours, ascending: what one call can read or write. For <c>foreach</c>.</summary>
internal ref struct BlockRuns(uint blocks)
{
    private uint _left = blocks;

    /// <summary>The first block of the run and how many there are.</summary>
    public (int First, int Count) Current { get; private set; }

    public readonly BlockRuns GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_left == 0)
            return false;
        var first = BitOperations.TrailingZeroCount(_left);
        var count = BitOperations.TrailingZeroCount(~(_left >> first));
        count = Math.Min(count, CacheGeometry.BlocksPerPiece - first);
        Current = (first, count);
        var end = first + count;
        _left = end == CacheGeometry.BlocksPerPiece ? 0 : _left & (CacheGeometry.AllBlocks << end);
        return true;
    }
}
