using System.Numerics;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The blocks of one object that are on disk. A block is handed out only if its bytes match their checksum, so other processes,
/// crashes and damage cost at most another fetch. Safe for any number of threads; dispose it when none of them is in it any more.
/// </summary>
/// <remarks>
/// Nothing here throws for what is wrong with the disk. When it cannot be written any more, the whole cache turns itself off with
/// one warning: nothing is stored from then on, and what can still be read is.
/// </remarks>
public sealed partial class DiskCacheObject : IDisposable
{
    private readonly DiskCache _cache;
    private readonly DiskObjectFiles? _files; // null: they could not be opened
    private readonly DiskUses? _uses;
    private readonly string _identity;
    private readonly long _size;
    private readonly Lock[] _writing = [.. Enumerable.Range(0, 32).Select(_ => new Lock())];
    private volatile bool _isOff;

    internal DiskCacheObject(DiskCache cache, string folder, string identity, long size, DiskObjectFiles? files)
    {
        (_cache, Folder, _identity, _size, _files) = (cache, folder, identity, size, files);
        _uses = files is null ? null : new DiskUses(files.Index, cache.Time);
        _isOff = files is null;
    }

    /// <summary>Where this object's files are. What else is put there is deleted with them, and counts towards the limit.</summary>
    public string Folder { get; }

    /// <summary>Nothing is stored any more, for the rest of this process. Reads may still find what is there.</summary>
    public bool IsOff => _isOff || _cache.IsOff;

    /// <summary>
    /// The blocks of a piece that are stored here, known zeroes included. A claim: only <see cref="Read"/> knows. One system call,
    /// no lock, no allocation.
    /// </summary>
    public uint Present(long piece)
    {
        Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        return TryReadMarks(piece, marks) ? PresentIn(marks) & CacheGeometry.BlocksIn(piece, _size) : 0;
    }

    /// <summary>The blocks that are here as known zeroes; a subset of <see cref="Present"/>.</summary>
    public uint Zero(long piece)
    {
        Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        return TryReadMarks(piece, marks) ? ZeroIn(piece, marks) & CacheGeometry.BlocksIn(piece, _size) : 0;
    }

    /// <summary>
    /// Stores blocks; waits for the disk. May store nothing: when the cache is off or full, or another process evicts the piece at
    /// this moment.
    /// </summary>
    /// <param name="piece">The piece.</param>
    /// <param name="blocks">The blocks whose bytes are stored.</param>
    /// <param name="zeroBlocks">The blocks that are all zero, of which only that is stored; they need not be among the others.</param>
    /// <param name="buffer">The piece, from its start; only <paramref name="blocks"/> have to be filled in.</param>
    public void Write(long piece, uint blocks, uint zeroBlocks, ReadOnlySpan<byte> buffer)
    {
        if (_files is null || IsOff || !_cache.HasRoom())
            return;
        zeroBlocks &= CacheGeometry.BlocksIn(piece, _size);
        blocks &= CacheGeometry.BlocksIn(piece, _size) & ~zeroBlocks;
        if ((blocks | zeroBlocks) == 0)
            return;

        Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        for (var block = 0; block < marks.Length; block++)
        {
            var number = NumberOf(piece, block);
            if ((blocks & (1u << block)) != 0)
                marks[block] = BlockMark.Of(buffer[InPiece(piece, block, 1)], _files.Index.Key, number);
            else if ((zeroBlocks & (1u << block)) != 0)
                marks[block] = BlockMark.Zero(_files.Index.Key, number);
        }
        try
        {
            Store(_files, piece, blocks, zeroBlocks, buffer, marks);
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
        }
    }

    /// <summary>
    /// The pieces of which something is stored, whoever stored it: a claim, as of <see cref="Present"/>. Waits for the disk.
    /// </summary>
    public IReadOnlyList<long> StoredPieces()
    {
        var stored = new List<long>();
        try
        {
            var uses = new UseRecord[DiskIndex.UsesPerPage];
            foreach (var (from, to) in _files?.Index.UsesOnDisk() ?? [])
            {
                for (var first = from; first < to; first += uses.Length)
                {
                    var some = uses.AsSpan(0, (int)Math.Min(uses.Length, to - first));
                    _files!.Index.ReadUses(first, some);
                    for (var i = 0; i < some.Length; i++)
                    {
                        if (!some[i].IsAbsent)
                            stored.Add(first + i);
                    }
                }
            }
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
        }
        return stored;
    }

    /// <summary>
    /// A use of a piece that did not go through <see cref="Read"/>, such as a hit in memory: what is used outlives what is not.
    /// Only touches memory.
    /// </summary>
    public void Use(long piece) => _uses?.Note(piece);

    public void Dispose()
    {
        FlushUses();
        _cache.Forget(this);
        _files?.Dispose();
    }

    internal void FlushUses()
    {
        if (_uses is null || IsOff)
            return;
        try
        {
            _uses.Flush();
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
        }
    }

    /// <summary>Stops storing once somebody has deleted the files: space that nobody can see would be filled.</summary>
    internal void CheckThatFilesAreThere()
    {
        if (_isOff || _files is null || _files.AreThere)
            return;
        _isOff = true;
        DiskCacheLog.FilesDeleted(_cache.Logger, Folder);
    }

    /// <summary>
    /// In the order that keeps every state between right (invariants 2 and 5): the record of use, by which an eviction finds the
    /// piece; the bytes; their marks.
    /// </summary>
    private void Store(
        DiskObjectFiles files, long piece, uint blocks, uint zeroBlocks, ReadOnlySpan<byte> buffer, ReadOnlySpan<ulong> marks)
    {
        var start = piece * CacheGeometry.Piece;
        // The lock on the file belongs to all threads of this object at once, so the first to unlock would take it from the others.
        lock (_writing[piece % _writing.Length])
        {
            if (!files.Data.TryLock(RangeLockKind.Shared, start, CacheGeometry.Piece))
                return;
            try
            {
                if (files.Index.ReadUse(piece).IsAbsent)
                    files.Index.WriteUse(piece, new UseRecord(DiskUses.Now(_cache.Time)));
                foreach (var (first, count) in new BlockRuns(blocks))
                {
                    var run = InPiece(piece, first, count);
                    files.Data.Write(start + run.Start.Value, buffer[run]);
                }
                foreach (var (first, count) in new BlockRuns(blocks | zeroBlocks))
                    files.Index.WriteMarks(piece, first, marks.Slice(first, count));
            }
            finally
            {
                files.Data.Unlock(start, CacheGeometry.Piece);
            }
        }
        _cache.Wrote((BitOperations.PopCount(blocks) + 1) * CacheGeometry.Block); // one for its share of the index
    }

    private bool TryReadMarks(long piece, Span<ulong> marks)
    {
        if (_files is null)
            return false;
        try
        {
            _files.Index.ReadMarks(piece, marks);
            return true;
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
            return false;
        }
    }

    private uint ZeroIn(long piece, ReadOnlySpan<ulong> marks)
    {
        var zero = 0u;
        for (var block = 0; block < marks.Length; block++)
        {
            if (marks[block] != BlockMark.Absent && marks[block] == BlockMark.Zero(_files!.Index.Key, NumberOf(piece, block)))
                zero |= 1u << block;
        }
        return zero;
    }

    private static uint PresentIn(ReadOnlySpan<ulong> marks)
    {
        var present = 0u;
        for (var block = 0; block < marks.Length; block++)
            present |= marks[block] == BlockMark.Absent ? 0 : 1u << block;
        return present;
    }

    /// <summary>Where blocks lie in their piece; the last one of the object ends with it.</summary>
    private Range InPiece(long piece, int first, int count) => new(
        first * CacheGeometry.Block, Math.Min((first + count) * CacheGeometry.Block, CacheGeometry.PieceLength(piece, _size)));

    private static long NumberOf(long piece, int block) => (piece * CacheGeometry.BlocksPerPiece) + block;
}
