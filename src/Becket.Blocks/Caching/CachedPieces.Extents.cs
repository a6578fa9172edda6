using System.Numerics;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching;

internal sealed partial class CachedPieces
{
    /// <summary>A range as runs of known zeroes and of data, which is also what nothing is known of. Needs no lock.</summary>
    public IEnumerable<Extent> Extents(ByteRange range)
    {
        var (start, kind) = (range.Offset, ExtentKind.Data); // of the run that is being gathered
        var position = start;
        while (position < range.End)
        {
            var piece = PieceOf(position);
            var end = Math.Min((piece + 1) * Piece, range.End);
            var zero = Zero(piece); // asked for once: it may be another one the next moment
            while (position < end)
            {
                var (next, nextKind) = RunAt(position, zero);
                if (nextKind != kind && position > start)
                {
                    yield return new Extent(ByteRange.FromBounds(start, position), kind);
                    start = position;
                }
                (position, kind) = (Math.Min(next, end), nextKind);
            }
        }
        if (position > start)
            yield return new Extent(ByteRange.FromBounds(start, position), kind);
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

    /// <summary>Where the run of blocks of one kind that holds an offset ends within its piece, and the kind.</summary>
    private static (long End, ExtentKind Kind) RunAt(long offset, uint zeroBlocks)
    {
        var block = (int)(offset % Piece / Block);
        var isZero = (zeroBlocks >> block & 1) != 0;
        var run = BitOperations.TrailingZeroCount(isZero ? ~(zeroBlocks >> block) : zeroBlocks >> block);
        var end = (PieceOf(offset) * Piece) + (Math.Min(block + run, BlocksPerPiece) * Block);
        return (end, isZero ? ExtentKind.Hole | ExtentKind.Zero : ExtentKind.Data);
    }
}
