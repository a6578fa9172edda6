namespace Becket.Blocks.Caching;

/// <summary>
/// The two sizes that the cache thinks in. A device is cut into pieces, a piece into blocks; both are aligned to the device,
/// and the last ones end where the device ends. A set of blocks of one piece is a <see cref="uint"/>, bit i for block i.
/// </summary>
internal static class CacheGeometry
{
    /// <summary>Bytes in a block: the unit of presence, of checksums and of known zeroes.</summary>
    public const int Block = 4096;

    public const int BlocksPerPiece = 32;

    /// <summary>Bytes in a piece: the unit of memory and of eviction, and the least that a miss brings in.</summary>
    public const int Piece = Block * BlocksPerPiece;

    public const uint AllBlocks = uint.MaxValue;

    public static long PieceOf(long offset) => offset / Piece;

    public static long PieceCount(long size) => (size + Piece - 1) / Piece;

    /// <summary>
    /// How many bytes of a device of <paramref name="size"/> bytes lie in a piece; less than a whole piece only in the last one.
    /// </summary>
    public static int PieceLength(long piece, long size) => (int)Math.Min(Piece, size - (piece * Piece));

    /// <summary>The blocks that hold any of the bytes [from, to) of a piece; the bounds count from the piece's start.</summary>
    public static uint BlocksOf(int from, int to)
    {
        if (from >= to)
            return 0;
        var first = from / Block;
        var last = (to - 1) / Block;
        return (AllBlocks << first) & (AllBlocks >> (BlocksPerPiece - 1 - last));
    }

    /// <summary>The blocks that a piece of a device has: all of them but in the last piece.</summary>
    public static uint BlocksIn(long piece, long size) => BlocksOf(0, PieceLength(piece, size));
}
