using System.Numerics;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// An object as eviction sees it. It has its files open by descriptions of its own, because a lock does not hold against the
/// description that it was taken by: so this process' own writes are excluded like everybody's.
/// </summary>
internal sealed class DiskEvictionSource : IDisposable
{
    private readonly DiskObjectFiles _files;

    private DiskEvictionSource(DiskFolder folder, DiskObjectFiles files) => (Folder, _files) = (folder, files);

    public DiskFolder Folder { get; }

    private DiskIndex Index => _files.Index;

    /// <summary>Takes the folder over, unless what is in it is not an object that we know how to read.</summary>
    public static DiskEvictionSource? TryOpen(DiskFolder folder) =>
        DiskObjectFiles.TryOpenForEviction(folder) is { } files ? new DiskEvictionSource(folder, files) : null;

    /// <summary>Every piece that has a record of use, with its place in the order.</summary>
    public IEnumerable<(long Piece, long Sequence)> Pieces()
    {
        var uses = new UseRecord[DiskIndex.UsesPerPage];
        foreach (var (from, to) in Index.UsesOnDisk())
        {
            for (var first = from; first < to; first += uses.Length)
            {
                Index.ReadUses(first, uses);
                for (var i = 0; i < uses.Length && first + i < to; i++)
                {
                    if (!uses[i].IsAbsent)
                        yield return (first + i, uses[i].Sequence);
                }
            }
        }
    }

    /// <summary>Whether the object has no piece on disk; what was one a moment ago may not count any more.</summary>
    public bool IsEmpty() => !Pieces().Any() && !_files.Data.DataIn(0, Index.Size).Any();

    /// <summary>
    /// Takes a piece off the disk and returns the bytes that this gave back. Null if it stays: it was used, it is being written, or it is
    /// not the one any more that had this place in the order.
    /// </summary>
    public long? Evict(long piece, long sequence)
    {
        var offset = piece * CacheGeometry.Piece;
        if (!_files.Data.TryLock(RangeLockKind.Exclusive, offset, CacheGeometry.Piece))
            return null;
        try
        {
            var use = Index.ReadUse(piece);
            if (use.Sequence != sequence)
                return null;
            if (use.IsVisited)
            {
                Index.WriteVisited(piece, 0);
                return null;
            }
            var freed = Drop(piece);
            Index.WriteUse(piece, default);
            return freed;
        }
        finally
        {
            _files.Data.Unlock(offset, CacheGeometry.Piece);
        }
    }

    /// <summary>
    /// Drops what no record of use leads to, which a power cut or damage has left: such bytes would never be evicted. Then gives back
    /// the pages of the index that say nothing any more, or else the index of a large object that was read through once
    /// would outgrow the limit by itself.
    /// </summary>
    public void TidyUp()
    {
        foreach (var (piece, count) in Unrecorded(DataOnDisk(), 1))
            IfUnrecorded(piece, count, () => Drop(piece));
        foreach (var (piece, count) in Unrecorded(Index.MarksOnDisk(), DiskIndex.PiecesPerMarkPage))
            IfUnrecorded(piece, count, () => Index.DropMarkPage(piece));
        foreach (var (piece, count) in Unrecorded(Index.UsesOnDisk(), DiskIndex.UsesPerPage))
            IfUnrecorded(piece, count, () => Index.DropUsePage(piece));
    }

    public void Dispose()
    {
        _files.Dispose();
        Folder.Dispose();
    }

    /// <summary>
    /// The marks go first, so that whoever reads meanwhile sees that they changed; under the exclusive lock of the piece. Bytes
    /// without marks, which a killed writer leaves, are given back as well.
    /// </summary>
    private long Drop(long piece)
    {
        Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        Index.ReadMarks(piece, marks);
        var stored = 0u;
        for (var block = 0; block < marks.Length; block++)
        {
            var mark = marks[block];
            if (mark != BlockMark.Absent && mark != BlockMark.Zero(Index.Key, (piece * CacheGeometry.BlocksPerPiece) + block))
                stored |= 1u << block;
        }
        if (marks.ContainsAnyExcept(BlockMark.Absent)) // writing zeroes into a hole would take space
        {
            marks.Clear();
            Index.WriteMarks(piece, 0, marks);
        }
        _files.Data.PunchHole(piece * CacheGeometry.Piece, CacheGeometry.Piece);
        return Math.Max(1, BitOperations.PopCount(stored)) * (long)CacheGeometry.Block; // one that is all zeroes frees some of the index
    }

    private IEnumerable<(long From, long To)> DataOnDisk() => _files.Data.DataIn(0, Index.Size).Select(range =>
        (CacheGeometry.PieceOf(range.Offset), CacheGeometry.PieceOf(range.End - 1) + 1));

    /// <summary>Groups of pieces of a given number, a divisor of a page of records, in which none has a record of use.</summary>
    private IEnumerable<(long Piece, int Count)> Unrecorded(IEnumerable<(long From, long To)> stretches, int group)
    {
        var uses = new UseRecord[DiskIndex.UsesPerPage];
        var page = -1L;
        foreach (var (from, to) in stretches)
        {
            for (var piece = from; piece < to; piece += group)
            {
                if (piece / uses.Length != page)
                {
                    page = piece / uses.Length;
                    Index.ReadUses(page * uses.Length, uses);
                }
                if (AreAbsent(uses.AsSpan((int)(piece % uses.Length), group)))
                    yield return (piece, group);
            }
        }
    }

    private static bool AreAbsent(ReadOnlySpan<UseRecord> uses)
    {
        foreach (var use in uses)
        {
            if (!use.IsAbsent)
                return false;
        }
        return true;
    }

    /// <summary>Does something under the lock of these pieces if they still have no record; a writer sets it under the same lock.</summary>
    private void IfUnrecorded(long piece, int count, Action action)
    {
        var (offset, length) = (piece * CacheGeometry.Piece, (long)count * CacheGeometry.Piece);
        if (!_files.Data.TryLock(RangeLockKind.Exclusive, offset, length))
            return;
        try
        {
            Span<UseRecord> uses = stackalloc UseRecord[count];
            Index.ReadUses(piece, uses);
            if (AreAbsent(uses))
                action();
        }
        finally
        {
            _files.Data.Unlock(offset, length);
        }
    }
}
