using System.Diagnostics;
using System.Numerics;

namespace Becket.Blocks.Caching.Memory;

/// <summary>
/// What the cache knows of each piece of one device, in a table of two levels, so that what was never touched costs nothing.
/// Changed under the cache's lock only; <see cref="Find"/> and the fields that say so are read without it.
/// </summary>
internal sealed class PieceTable(long size)
{
    /// <summary>Pieces that come into being together.</summary>
    public const int LeafPieces = 1024;

    private readonly PieceState[]?[] _leaves = new PieceState[(CacheGeometry.PieceCount(size) + LeafPieces - 1) / LeafPieces][];

    /// <summary>A piece's state, or null where nothing is known of it.</summary>
    public ref PieceState Find(long piece)
    {
        var leaf = Volatile.Read(ref _leaves[piece / LeafPieces]);
        if (leaf is null)
            return ref System.Runtime.CompilerServices.Unsafe.NullRef<PieceState>();
        return ref leaf[piece % LeafPieces];
    }

    /// <summary>A piece's state, made where there is none yet.</summary>
    public ref PieceState Get(long piece)
    {
        Debug.Assert(piece >= 0 && piece * CacheGeometry.Piece < size);
        ref var leaf = ref _leaves[piece / LeafPieces];
        if (leaf is null)
            Volatile.Write(ref leaf, new PieceState[LeafPieces]);
        return ref leaf![piece % LeafPieces];
    }

    /// <summary>The first pieces of all runs of <see cref="LeafPieces"/> of which something is known. Takes no lock.</summary>
    public IEnumerable<long> TouchedLeaves()
    {
        for (var i = 0; i < _leaves.Length; i++)
        {
            if (Volatile.Read(ref _leaves[i]) is not null)
                yield return (long)i * LeafPieces;
        }
    }

    /// <summary>How many blocks are in memory. Takes no lock: the number is of some moment while it was being counted.</summary>
    public long CountPresent()
    {
        var count = 0L;
        for (var i = 0; i < _leaves.Length; i++)
        {
            if (Volatile.Read(ref _leaves[i]) is not { } leaf)
                continue;
            foreach (ref var state in leaf.AsSpan())
                count += BitOperations.PopCount(Volatile.Read(ref state.Present));
        }
        return count;
    }
}

/// <summary>What is known of one piece. All zeroes: nothing.</summary>
internal struct PieceState
{
    /// <summary>Where its bytes are in memory; 0: nowhere. Read without the lock, and again once the slot is pinned.</summary>
    public int Slot;

    /// <summary>Blocks whose bytes are in the slot. Set after the bytes are; read without the lock.</summary>
    public uint Present;

    /// <summary>Blocks on their way, from the source or from disk.</summary>
    public uint Pending;

    /// <summary>Blocks known to be all zero, whether there is a slot or not. Never taken back; read without the lock.</summary>
    public uint Zero;

    /// <summary>Blocks that were on disk when the disk was last asked, which is what <see cref="DiskAsked"/> says.</summary>
    public uint OnDisk;

    /// <summary>Blocks that a client has read since the piece was brought in. Changed with interlocked operations.</summary>
    public uint Read;

    /// <summary>A client has asked for the piece since it was brought in, and the planner knows. Read without the lock.</summary>
    public bool Touched;

    public bool DiskAsked;

    /// <summary>When the piece was dropped after one reading, in evictions; 0: it was not.</summary>
    public uint Ghost;
}
