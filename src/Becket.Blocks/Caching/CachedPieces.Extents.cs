using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching;

internal sealed partial class CachedPieces
{
    /// <summary>A range as runs of known zeroes and of data, which is also what nothing is known of. Needs no lock.</summary>
    public IEnumerable<Extent> Extents(ByteRange range)
    {
        var position = range.Offset;
        while (position < range.End)
        {
            var kind = KindAt(position);
            var end = position;
            do
                end = Math.Min(EndOfKind(end, kind), range.End);
            while (end < range.End && KindAt(end) == kind);
            yield return new Extent(ByteRange.FromBounds(position, end), kind);
            position = end;
        }
    }

    /// <summary>Whether a zero block is known in a range without asking the disk. Needs no lock.</summary>
    public bool MayHaveZeroes(ByteRange range)
    {
        for (var piece = PieceOf(range.Offset); piece * Piece < range.End; piece++)
        {
            ref var state = ref _table.Find(piece);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref state) && Volatile.Read(ref state.Zero) != 0)
                return true;
        }
        return false;
    }

    private ExtentKind KindAt(long offset) =>
        (Zero(PieceOf(offset)) >> (int)(offset % Piece / Block) & 1) != 0 ? ExtentKind.Hole | ExtentKind.Zero : ExtentKind.Data;

    /// <summary>Where the run of one kind that holds an offset ends within its piece.</summary>
    private long EndOfKind(long offset, ExtentKind kind)
    {
        var piece = PieceOf(offset);
        var block = (int)(offset % Piece / Block);
        var same = kind == ExtentKind.Data ? ~Zero(piece) : Zero(piece);
        var run = System.Numerics.BitOperations.TrailingZeroCount(~(same >> block));
        return (piece * Piece) + (Math.Min(block + run, BlocksPerPiece) * Block);
    }
}
