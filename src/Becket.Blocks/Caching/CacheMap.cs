using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Becket.Blocks.Caching.Disk;
using Becket.Blocks.Caching.Memory;

namespace Becket.Blocks.Caching;

/// <summary>
/// What the cache has of a device, part by part, as shares of each part from 0 to 1: in memory, on disk, known to be zero, on its
/// way. Known zeroes count as nothing else; any other block may be in several of them. Taken while it changes: each number is right
/// for some moment of the taking.
/// </summary>
public sealed class CacheMap
{
    private CacheMap(int parts) =>
        (Memory, Disk, Zero, Pending) = (new float[parts], new float[parts], new float[parts], new float[parts]);

    public float[] Memory { get; }

    /// <summary>Known to be stored in the folder on disk; where only that a piece is there is known, it counts as a whole.</summary>
    public float[] Disk { get; }

    /// <summary>Zeroes, which take no room anywhere.</summary>
    public float[] Zero { get; }

    /// <summary>Asked for, from the source or from the disk, and not here yet.</summary>
    public float[] Pending { get; }

    internal static CacheMap Take(PieceTable table, DiskCacheObject? disk, long size, long partLength)
    {
        Debug.Assert(partLength % CacheGeometry.Piece == 0, "a piece lies in one part");
        var piecesPerPart = partLength / CacheGeometry.Piece;
        var map = new CacheMap((int)((size + partLength - 1) / partLength));
        foreach (var first in table.TouchedLeaves())
        {
            var end = Math.Min(first + PieceTable.LeafPieces, CacheGeometry.PieceCount(size));
            for (var piece = first; piece < end; piece++)
            {
                ref var state = ref table.Find(piece);
                if (!Unsafe.IsNullRef(ref state))
                    map.Add((int)(piece / piecesPerPart), ref state);
            }
        }
        foreach (var piece in disk?.StoredPieces() ?? [])
        {
            ref var state = ref table.Find(piece);
            var (known, zero) = Unsafe.IsNullRef(ref state) ? (0, 0) : (Volatile.Read(ref state.OnDisk), Volatile.Read(ref state.Zero));
            map.Disk[piece / piecesPerPart] += BitOperations.PopCount((known == 0 ? CacheGeometry.BlocksIn(piece, size) : known) & ~zero);
        }
        map.DivideByBlocks(size, partLength);
        return map;
    }

    private void Add(int part, ref PieceState state)
    {
        var zero = Volatile.Read(ref state.Zero);
        Memory[part] += BitOperations.PopCount(Volatile.Read(ref state.Present) & ~zero);
        Zero[part] += BitOperations.PopCount(zero);
        Pending[part] += BitOperations.PopCount(Volatile.Read(ref state.Pending));
    }

    private void DivideByBlocks(long size, long partLength)
    {
        for (var part = 0; part < Memory.Length; part++)
        {
            var length = Math.Min(partLength, size - (part * partLength));
            var blocks = (length + CacheGeometry.Block - 1) / CacheGeometry.Block;
            foreach (var shares in (float[][])[Memory, Disk, Zero, Pending])
                shares[part] = Math.Min(1, shares[part] / blocks);
        }
    }
}
