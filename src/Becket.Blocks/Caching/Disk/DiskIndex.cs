using System.Runtime.InteropServices;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The index of an object: a record of use for each piece, a mark (<see cref="BlockMark"/>) for each block. Anything may stand in
/// it: what it says of a block is only a claim until the block's bytes match it.
/// </summary>
/// <remarks>
/// <code>
///         0  header (DiskIndexHeader), to the end of its page
///      4096  a record of use for each piece, 8 bytes (UseRecord), to the end of the last page
/// and after  32 marks for each piece, 256 bytes, so that 16 pieces share a page and none lies in two
/// </code>
/// The file is sparse. What lies behind its end reads as absent.
/// </remarks>
internal sealed class DiskIndex(DiskFile file, DiskIndexHeader header)
{
    public const int Page = 4096;
    public const int UsesPerPage = Page / UseLength;
    public const int PiecesPerMarkPage = Page / MarksLength;

    private const int UseLength = sizeof(ulong);
    private const int MarksLength = CacheGeometry.BlocksPerPiece * sizeof(ulong);

    private readonly long _marks = MarksStart(header.Size);

    public DiskFile File => file;

    public long Size => header.Size;

    public ulong Key => header.Key;

    public long PieceCount { get; } = CacheGeometry.PieceCount(header.Size);

    /// <summary>How long the index of an object of this size is, holes included.</summary>
    public static long LengthFor(long size) => MarksStart(size) + (CacheGeometry.PieceCount(size) * MarksLength);

    /// <summary>The header of an index, null where it has none that we understand.</summary>
    public static DiskIndexHeader? ReadHeader(DiskFile file)
    {
        Span<byte> buffer = stackalloc byte[DiskIndexHeader.Length];
        return DiskIndexHeader.Read(buffer[..file.Read(0, buffer)]);
    }

    public static void WriteHeader(DiskFile file, DiskIndexHeader header)
    {
        Span<byte> buffer = stackalloc byte[DiskIndexHeader.Length];
        header.Write(buffer);
        file.Write(0, buffer);
    }

    /// <summary>The marks of a piece's 32 blocks.</summary>
    public void ReadMarks(long piece, Span<ulong> marks)
    {
        var bytes = MemoryMarshal.AsBytes(marks);
        bytes[file.Read(MarksOffset(piece), bytes)..].Clear();
    }

    /// <summary>The same, false if that would wait for the disk.</summary>
    public bool TryReadMarks(long piece, Span<ulong> marks)
    {
        var bytes = MemoryMarshal.AsBytes(marks);
        return file.ReadCached(MarksOffset(piece), bytes) == bytes.Length;
    }

    /// <summary>Writes the marks of neighbouring blocks.</summary>
    public void WriteMarks(long piece, int first, ReadOnlySpan<ulong> marks) =>
        file.Write(MarksOffset(piece) + (first * sizeof(ulong)), MemoryMarshal.AsBytes(marks));

    /// <summary>The records of use of neighbouring pieces.</summary>
    public void ReadUses(long piece, Span<UseRecord> uses)
    {
        var bytes = MemoryMarshal.AsBytes(uses);
        bytes[file.Read(UseOffset(piece), bytes)..].Clear();
    }

    public UseRecord ReadUse(long piece)
    {
        var use = default(UseRecord);
        ReadUses(piece, new Span<UseRecord>(ref use));
        return use;
    }

    public void WriteUse(long piece, UseRecord use) =>
        file.Write(UseOffset(piece), MemoryMarshal.AsBytes(new ReadOnlySpan<UseRecord>(in use)));

    /// <summary>Writes only that byte of a record, so that whoever writes the record itself at the same time is not undone.</summary>
    public void WriteVisited(long piece, byte visited) => file.Write(UseOffset(piece), [visited]);

    /// <summary>Where records of use may lie, as ranges of pieces that start on a page of them.</summary>
    public IEnumerable<(long From, long To)> UsesOnDisk()
    {
        foreach (var range in file.DataIn(Page, _marks))
        {
            var from = (range.Offset - Page) / Page * UsesPerPage;
            yield return (from, Math.Min(PieceCount, (range.End - Page + Page - 1) / Page * UsesPerPage));
        }
    }

    /// <summary>The same for marks, by their own pages.</summary>
    public IEnumerable<(long From, long To)> MarksOnDisk()
    {
        foreach (var range in file.DataIn(_marks, LengthFor(Size)))
        {
            var from = (range.Offset - _marks) / Page * PiecesPerMarkPage;
            yield return (from, Math.Min(PieceCount, (range.End - _marks + Page - 1) / Page * PiecesPerMarkPage));
        }
    }

    /// <summary>Gives the page of records that starts with this piece's back.</summary>
    public void DropUsePage(long piece) => file.PunchHole(UseOffset(piece), Page);

    /// <summary>Gives the page of marks that starts with this piece's back.</summary>
    public void DropMarkPage(long piece) => file.PunchHole(MarksOffset(piece), Page);

    private static long MarksStart(long size) =>
        Page + ((CacheGeometry.PieceCount(size) + UsesPerPage - 1) / UsesPerPage * Page);

    private static long UseOffset(long piece) => Page + (piece * UseLength);

    private long MarksOffset(long piece) => _marks + (piece * MarksLength);
}

/// <summary>
/// When a piece came onto the disk and whether it was used since, in 8 bytes: the lowest is the sign of use, the others are
/// microseconds since 1970. All zero: the piece is not here.
/// </summary>
internal readonly record struct UseRecord(ulong Bits)
{
    public UseRecord(long sequence)
        : this((ulong)sequence << 8)
    {
    }

    public long Sequence => (long)(Bits >> 8);

    public bool IsVisited => (byte)Bits != 0;

    /// <summary>Without a time it is a sign of use that came too late: the piece had just gone.</summary>
    public bool IsAbsent => Sequence == 0;
}
