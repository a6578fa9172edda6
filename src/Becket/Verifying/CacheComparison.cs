using System.Numerics;
using Becket.Blocks.Caching.Disk;

namespace Becket.Verifying;

/// <summary>
/// The cached blocks of an object held against the object's own bytes, piece by piece as these come by. For one thread at a time.
/// </summary>
internal sealed class CacheComparison(DiskCacheObject cached)
{
    private readonly List<(long Piece, uint Damaged, uint Different)> _bad = [];

    public string Folder => cached.Folder;

    /// <summary>Blocks that were there.</summary>
    public long Blocks { get; private set; }

    /// <summary>Blocks that do not match their own marks.</summary>
    public long Damaged { get; private set; }

    /// <summary>Blocks that match their marks and not the store.</summary>
    public long Different { get; private set; }

    /// <param name="offset">Where the bytes lie in the object: the start of a piece.</param>
    /// <param name="bytes">Whole pieces, but for the object's last one.</param>
    public void Compare(long offset, ReadOnlySpan<byte> bytes)
    {
        for (var piece = offset / DiskCacheObject.PieceSize; bytes.Length > 0; piece++)
        {
            var length = Math.Min(DiskCacheObject.PieceSize, bytes.Length);
            var found = cached.Check(piece, bytes[..length]);
            bytes = bytes[length..];
            Blocks += BitOperations.PopCount(found.Present);
            Damaged += BitOperations.PopCount(found.Damaged);
            Different += BitOperations.PopCount(found.Different);
            if ((found.Damaged | found.Different) != 0)
                _bad.Add((piece, found.Damaged, found.Different));
        }
    }

    /// <summary>Drops the bad blocks, so that they are fetched again.</summary>
    /// <param name="differentToo">False where the store's own bytes are known to be wrong: then those here may be the right ones.</param>
    /// <returns>How many were dropped.</returns>
    public long Repair(DifferentBlocks differentToo)
    {
        var dropped = 0L;
        foreach (var (piece, damaged, different) in _bad)
        {
            var blocks = damaged | (differentToo == DifferentBlocks.Drop ? different : 0);
            if (blocks != 0 && cached.Drop(piece, blocks))
                dropped += BitOperations.PopCount(blocks);
        }
        return dropped;
    }
}

/// <summary>What is done about cached blocks that are not what the store has.</summary>
internal enum DifferentBlocks
{
    Keep,
    Drop,
}
