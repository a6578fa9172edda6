using System.Numerics;
using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// Which blocks of a device are absent, as a cache knows it, without the bytes. It holds the planner to its word: what it
/// fetches lies inside the device, on blocks, and is absent.
/// </summary>
internal sealed class BlockMap(long size, Action<ByteRange, FetchPriority> fetch) : IFetchTarget
{
    private readonly uint[] _absent =
        [.. Enumerable.Range(0, (int)CacheGeometry.PieceCount(size)).Select(piece => CacheGeometry.BlocksIn(piece, size))];

    private readonly bool[] _touched = new bool[CacheGeometry.PieceCount(size)];

    public uint AbsentBlocks(long piece) => _absent[piece];

    public bool Touch(long piece)
    {
        var first = !_touched[piece];
        _touched[piece] = true;
        return first;
    }

    public void Fetch(ByteRange range, FetchPriority priority)
    {
        Assert.False(range.IsEmpty);
        Assert.True(range.FitsIn(size), $"{range} is not inside the device.");
        Assert.Equal(0, range.Offset % CacheGeometry.Block);
        Assert.True(range.End % CacheGeometry.Block == 0 || range.End == size, $"{range} ends inside a block.");
        Assert.True(AbsentBytes(range) == range.Length, $"{range} is not absent as a whole.");
        Set(range, absent: 0);
        fetch(range, priority);
    }

    /// <summary>Makes every block that a range touches absent again.</summary>
    public void Forget(ByteRange range) => Set(range, CacheGeometry.AllBlocks);

    /// <summary>Brings every block that a range touches in, as if it had always been here.</summary>
    public void Bring(ByteRange range) => Set(range, absent: 0);

    public bool IsAbsent(long block) =>
        (_absent[block / CacheGeometry.BlocksPerPiece] & (1u << (int)(block % CacheGeometry.BlocksPerPiece))) != 0;

    /// <summary>Whether a read of a range is one that the planner has to see.</summary>
    public bool IsNew(ByteRange range) => Pieces(range).Any(part => !_touched[part.Piece] || (_absent[part.Piece] & part.Blocks) != 0);

    public long AbsentBytes(ByteRange range)
    {
        var bytes = 0L;
        foreach (var (piece, blocks) in Pieces(range))
            bytes += (long)BitOperations.PopCount(_absent[piece] & blocks) * CacheGeometry.Block;
        var beyond = range.AlignOutward(CacheGeometry.Block).End - size; // the last block may be a short one
        return beyond > 0 && IsAbsent((size - 1) / CacheGeometry.Block) ? bytes - beyond : bytes;
    }

    private void Set(ByteRange range, uint absent)
    {
        foreach (var (piece, blocks) in Pieces(range))
            _absent[piece] = (_absent[piece] & ~blocks) | (absent & blocks);
    }

    private static IEnumerable<(long Piece, uint Blocks)> Pieces(ByteRange range)
    {
        for (var piece = CacheGeometry.PieceOf(range.Offset); piece * CacheGeometry.Piece < range.End; piece++)
        {
            var start = piece * CacheGeometry.Piece;
            var from = (int)Math.Max(range.Offset - start, 0);
            yield return (piece, CacheGeometry.BlocksOf(from, (int)Math.Min(range.End - start, CacheGeometry.Piece)));
        }
    }
}
