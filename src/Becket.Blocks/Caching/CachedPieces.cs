using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Becket.Blocks.Caching.Disk;
using Becket.Blocks.Caching.Memory;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching;

/// <summary>
/// The cached blocks of one device: which are in memory, on disk, known to be zero or on their way. Copying out needs no lock;
/// everything else is called under the cache's.
/// </summary>
internal sealed partial class CachedPieces(long size, MemoryCache memory, DiskCacheObject? disk)
{
    private readonly PieceTable _table = new(size);
    private readonly Dictionary<long, uint> _refused = []; // by piece; guarded by the cache's lock

    public PieceTable Table => _table;

    public DiskCacheObject? Disk => disk;

    /// <summary>
    /// Fills the buffer from memory, or returns false: some block is not there, or a piece was never asked for and the planner
    /// wants to hear of it first. Takes no lock and does not allocate.
    /// </summary>
    public bool TryCopy(long offset, Span<byte> buffer)
    {
        while (true)
        {
            var within = (int)(offset % Piece);
            var count = Math.Min(Piece - within, buffer.Length);
            if (!TryCopy(offset / Piece, within, buffer[..count]))
                return false;
            if (count == buffer.Length)
                return true;
            offset += count;
            buffer = buffer[count..];
        }
    }

    private bool TryCopy(long piece, int within, Span<byte> buffer)
    {
        ref var state = ref _table.Find(piece);
        if (Unsafe.IsNullRef(ref state) || !Volatile.Read(ref state.Touched))
            return false;

        var blocks = BlocksOf(within, within + buffer.Length);
        var slot = Volatile.Read(ref state.Slot);
        if (slot == 0)
            return TryClear(ref state, blocks, buffer);
        if (!memory.Memory.TryPin(slot))
            return false;

        // Only now is it sure that the slot stays this piece's.
        var done = Volatile.Read(ref state.Slot) == slot && TryCopy(ref state, slot, blocks, within, buffer);
        memory.Memory.Unpin(slot);
        return done;
    }

    private bool TryCopy(ref PieceState state, int slot, uint blocks, int within, Span<byte> buffer)
    {
        var bytes = memory.Memory.Span(slot).Slice(within, buffer.Length);
        if ((Volatile.Read(ref state.Present) & blocks) == blocks)
            bytes.CopyTo(buffer);
        else if (!TryCopyAroundZeroes(ref state, blocks, bytes, within, buffer))
            return false;

        if ((Volatile.Read(ref state.Read) & blocks) != blocks)
            Interlocked.Or(ref state.Read, blocks);
        else
            memory.Memory.CountReuse(slot);
        return true;
    }

    /// <summary>Some blocks are in the slot, others only known to be zero.</summary>
    private static bool TryCopyAroundZeroes(ref PieceState state, uint blocks, ReadOnlySpan<byte> bytes, int within, Span<byte> buffer)
    {
        var present = Volatile.Read(ref state.Present);
        if (((present | Volatile.Read(ref state.Zero)) & blocks) != blocks)
            return false;

        for (var done = 0; done < buffer.Length;)
        {
            var block = (within + done) / Block;
            var count = Math.Min(((block + 1) * Block) - within - done, buffer.Length - done);
            if ((present >> block & 1) != 0)
                bytes.Slice(done, count).CopyTo(buffer[done..]);
            else
                buffer.Slice(done, count).Clear();
            done += count;
        }
        return true;
    }

    private static bool TryClear(ref PieceState state, uint blocks, Span<byte> buffer)
    {
        if ((Volatile.Read(ref state.Zero) & blocks) != blocks)
            return false;
        buffer.Clear();
        return true;
    }

    /// <summary>The blocks that are neither here nor on their way. What others put on disk meanwhile may be missed.</summary>
    public uint Absent(long piece)
    {
        ref var state = ref Known(piece);
        return BlocksIn(piece, size) & ~(state.Present | state.Pending | state.Zero | state.OnDisk);
    }

    /// <summary>Of some blocks, those that cannot be copied out yet.</summary>
    public uint Missing(long piece, uint blocks)
    {
        ref var state = ref Known(piece);
        return blocks & ~(state.Present | state.Zero);
    }

    /// <summary>Of some missing blocks, those that lie on disk now and nobody is loading.</summary>
    public uint OnDisk(long piece, uint missing)
    {
        if (disk is null)
            return 0;
        ref var state = ref _table.Get(piece);
        state.OnDisk = disk.Present(piece) & ~_refused.GetValueOrDefault(piece);
        return missing & ~state.Pending & state.OnDisk;
    }

    /// <summary>
    /// Notes blocks that the disk claimed to have and did not give. It may go on claiming them, being off or read-only, so it is not
    /// asked for them again until they were written anew.
    /// </summary>
    public void Refuse(long piece, uint blocks)
    {
        if (blocks == 0)
            return;
        _table.Get(piece).OnDisk &= ~blocks;
        _refused[piece] = _refused.GetValueOrDefault(piece) | blocks;
    }

    /// <summary>Notes that blocks are being written to disk. Their slot stays until they are.</summary>
    public void Keep(long piece, uint blocks)
    {
        _table.Get(piece).OnDisk |= blocks;
        if (_refused.Remove(piece, out var refused) && (refused & ~blocks) != 0)
            _refused[piece] = refused & ~blocks;
    }

    /// <summary>A piece's state with what the disk said of it when it was first asked.</summary>
    private ref PieceState Known(long piece)
    {
        ref var state = ref _table.Get(piece);
        if (disk is null || state.DiskAsked)
            return ref state;
        state.OnDisk = disk.Present(piece);
        Volatile.Write(ref state.Zero, state.Zero | disk.Zero(piece));
        Volatile.Write(ref state.DiskAsked, true);
        return ref state;
    }

    public bool IsPending(long piece, int block) => (_table.Get(piece).Pending >> block & 1) != 0;

    /// <summary>Notes that a client asked for a piece; true the first time since it was brought in.</summary>
    public bool Touch(long piece)
    {
        ref var state = ref _table.Get(piece);
        if (state.Touched)
            return false;
        Volatile.Write(ref state.Touched, true);
        disk?.Use(piece);
        return true;
    }

    /// <summary>Notes that blocks are on their way, or that they are not any more.</summary>
    public void SetPending(ByteRange range, bool pending)
    {
        for (var piece = PieceOf(range.Offset); piece * Piece < range.End; piece++)
        {
            var part = range.Intersect(new ByteRange(piece * Piece, Piece));
            SetPending(piece, BlocksOf((int)(part.Offset % Piece), (int)(part.End - (piece * Piece))), pending);
        }
    }

    public void SetPending(long piece, uint blocks, bool pending)
    {
        ref var state = ref _table.Get(piece);
        Debug.Assert(!pending || (state.Pending & blocks) == 0, "a block is fetched once");
        state.Pending = pending ? state.Pending | blocks : state.Pending & ~blocks;
    }

    /// <summary>The blocks whose bytes now lie in the piece's slot.</summary>
    public void Land(long piece, uint blocks, uint zero)
    {
        ref var state = ref _table.Get(piece);
        Volatile.Write(ref state.Zero, state.Zero | zero);
        Volatile.Write(ref state.Present, state.Present | blocks);
        state.Pending &= ~blocks;
    }

    /// <summary>Gives the slot of a piece back that is known to be zero from end to end.</summary>
    public void ReleaseIfZero(long piece)
    {
        ref var state = ref _table.Get(piece);
        if (state.Slot != 0 && (state.Zero & BlocksIn(piece, size)) == BlocksIn(piece, size))
            memory.TryRelease(_table, piece);
    }

    /// <summary>The known-zero blocks of a piece. Needs no lock.</summary>
    public uint Zero(long piece)
    {
        ref var state = ref _table.Find(piece);
        if (!Unsafe.IsNullRef(ref state) && (disk is null || Volatile.Read(ref state.DiskAsked)))
            return Volatile.Read(ref state.Zero);
        return disk?.Zero(piece) ?? 0;
    }

    /// <summary>Which of the whole blocks in [from, to) of a slot are zero; the bounds count from the piece's start.</summary>
    public static uint FindZeroes(ReadOnlySpan<byte> slot, int from, int to)
    {
        var zero = 0u;
        for (var start = from; start < to; start += Block)
        {
            if (slot[start..Math.Min(start + Block, to)].IndexOfAnyExcept((byte)0) < 0)
                zero |= 1u << (start / Block);
        }
        return zero;
    }

    public static int First(uint blocks) => BitOperations.TrailingZeroCount(blocks);
}
