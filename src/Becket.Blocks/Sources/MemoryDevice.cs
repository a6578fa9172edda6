using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Becket.Blocks.Sources;

/// <summary>
/// A sparse, writable disk in memory: it takes room only where something other than zeroes was written. No call waits or
/// takes a lock; bytes that are read while they are being changed may be old or new, byte by byte.
/// </summary>
/// <remarks>
/// Pages hang in tables of <see cref="PagesPerTable"/>, so that empty regions of a disk of many terabytes are skipped
/// quickly. A page is never cleared as a whole in place: it is replaced or dropped. A write that still holds the old page
/// is then simply one that came before. That is what makes <see cref="Page.IsZero"/> safe without a lock.
/// </remarks>
public sealed class MemoryDevice : BlockDevice
{
    private const int PageSize = 64 * 1024;
    private const int PagesPerTable = 1024;
    private const long TableSize = (long)PageSize * PagesPerTable;

    private readonly ConcurrentDictionary<long, Page?[]> _tables = new();
    private long _allocatedPages;

    /// <param name="size">Bytes; costs nothing until they are written.</param>
    /// <param name="description">What people call this disk.</param>
    public MemoryDevice(long size, string description = "memory")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Info = new BlockDeviceInfo
        {
            Size = size,
            Description = description,
            Features = BlockDeviceFeatures.Write | BlockDeviceFeatures.Flush | BlockDeviceFeatures.Durable
                | BlockDeviceFeatures.Trim | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero
                | BlockDeviceFeatures.Prefetch | BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Extents,
        };
    }

    public override BlockDeviceInfo Info { get; }

    /// <summary>Bytes of memory that hold content now; whole pages.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocatedPages) * PageSize;

    public override bool TryRead(long offset, Span<byte> buffer)
    {
        AssertInside(new ByteRange(offset, buffer.Length));
        while (!buffer.IsEmpty)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(PageSize - within, buffer.Length);
            var part = buffer[..count];
            if (FindPage(offset) is { } page)
                page.Bytes.AsSpan(within, count).CopyTo(part);
            else
                part.Clear();
            offset += count;
            buffer = buffer[count..];
        }
        return true;
    }

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        TryRead(offset, buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            Write(offset, data.Span);
            return ValueTask.CompletedTask;
        }
        catch (OutOfMemoryException e)
        {
            return ValueTask.FromException(NoMemory(e));
        }
    }

    public override ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            if (options.HasFlag(WriteOptions.MayTrim))
                ZeroAndDrop(range);
            else if (options.HasFlag(WriteOptions.FastOnly))
                return ValueTask.FromException(NotFast(range));
            else
                ZeroAndKeep(range);
            return ValueTask.CompletedTask;
        }
        catch (OutOfMemoryException e)
        {
            return ValueTask.FromException(NoMemory(e));
        }
    }

    public override ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        ZeroAndDrop(range);
        return ValueTask.CompletedTask;
    }

    public override bool MayHaveZeroes(ByteRange range)
    {
        AssertInside(range);
        for (var position = range.Offset; position < range.End;)
        {
            var (kind, end) = KindAt(position);
            if (kind.HasFlag(ExtentKind.Zero))
                return true;
            position = end;
        }
        return false;
    }

#pragma warning disable CS1998 // an iterator that has nothing to wait for
    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        AssertInside(range);
        var (start, position) = (range.Offset, range.Offset);
        ExtentKind? kind = null;
        while (position < range.End)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (next, end) = KindAt(position);
            if (kind is { } previous && previous != next)
            {
                yield return new Extent(ByteRange.FromBounds(start, position), previous);
                start = position;
            }
            kind = next;
            position = Math.Min(end, range.End);
        }
        if (kind is { } last)
            yield return new Extent(ByteRange.FromBounds(start, range.End), last);
    }
#pragma warning restore CS1998

    private void Write(long offset, ReadOnlySpan<byte> data)
    {
        AssertInside(new ByteRange(offset, data.Length));
        while (!data.IsEmpty)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(PageSize - within, data.Length);
            var part = data[..count];
            if (FindPage(offset) is not null || part.ContainsAnyExcept((byte)0))
                FindOrAddPage(offset).Write(within, part);
            offset += count;
            data = data[count..];
        }
    }

    private void ZeroAndDrop(ByteRange range)
    {
        AssertInside(range);
        for (var position = range.Offset; position < range.End;)
        {
            if (!_tables.TryGetValue(position / TableSize, out var table))
            {
                position = Math.Min(NextMultiple(position, TableSize), range.End);
                continue;
            }
            var part = PartInPage(position, range);
            if (!CoversPage(part))
                Volatile.Read(ref table[Slot(position)])?.Clear(part);
            else if (Interlocked.Exchange(ref table[Slot(position)], null) is not null)
                Interlocked.Decrement(ref _allocatedPages);
            position = part.End;
        }
    }

    private void ZeroAndKeep(ByteRange range)
    {
        AssertInside(range);
        for (var position = range.Offset; position < range.End;)
        {
            var part = PartInPage(position, range);
            if (!CoversPage(part))
                FindOrAddPage(position).Clear(part);
            else if (Interlocked.Exchange(ref FindOrAddTable(position)[Slot(position)], new Page()) is null)
                Interlocked.Increment(ref _allocatedPages);
            position = part.End;
        }
    }

    /// <summary>What is at a position, and the first position where it may be something else.</summary>
    private (ExtentKind Kind, long End) KindAt(long position)
    {
        if (!_tables.TryGetValue(position / TableSize, out var table))
            return (ExtentKind.Hole | ExtentKind.Zero, NextMultiple(position, TableSize));
        var kind = Volatile.Read(ref table[Slot(position)]) switch
        {
            null => ExtentKind.Hole | ExtentKind.Zero,
            { IsZero: true } => ExtentKind.Zero,
            _ => ExtentKind.Data,
        };
        return (kind, NextMultiple(position, PageSize));
    }

    private Page? FindPage(long offset) =>
        _tables.TryGetValue(offset / TableSize, out var table) ? Volatile.Read(ref table[Slot(offset)]) : null;

    private Page FindOrAddPage(long offset)
    {
        ref var slot = ref FindOrAddTable(offset)[Slot(offset)];
        if (Volatile.Read(ref slot) is { } found)
            return found;
        var added = new Page();
        if (Interlocked.CompareExchange(ref slot, added, null) is { } winner)
            return winner;
        Interlocked.Increment(ref _allocatedPages);
        return added;
    }

    private Page?[] FindOrAddTable(long offset) =>
        _tables.GetOrAdd(offset / TableSize, static _ => new Page?[PagesPerTable]);

    private static int Slot(long offset) => (int)(offset / PageSize % PagesPerTable);

    private static long NextMultiple(long position, long unit) => position - position % unit + unit;

    private static ByteRange PartInPage(long position, ByteRange range) =>
        ByteRange.FromBounds(position, Math.Min(NextMultiple(position, PageSize), range.End));

    /// <summary>Whether a part of one page is all that the disk has of that page.</summary>
    private bool CoversPage(ByteRange part) =>
        part.Offset % PageSize == 0 && (part.Length == PageSize || part.End == Info.Size);

    /// <summary>Dropping pages is fast; zeroes that must stay allocated cost as much as writing them.</summary>
    private BlockDeviceException NotFast(ByteRange range) =>
        new(BlockError.NotSupported, $"{Info.Description}: zeroing {range} is only fast where the space may be given back");

    private BlockDeviceException NoMemory(OutOfMemoryException e) =>
        new(BlockError.NoSpace, $"{Info.Description}: no memory left for more of the disk's content", e);

    [Conditional("DEBUG")]
    private void AssertInside(ByteRange range) =>
        Debug.Assert(range.FitsIn(Info.Size), $"{Info.Description}: {range} is not within {Info.Size} bytes");

    private sealed class Page
    {
        private volatile bool _isZero = true;

        /// <summary>On the pinned heap: the collector never copies it.</summary>
        public byte[] Bytes { get; } = GC.AllocateArray<byte>(PageSize, pinned: true);

        /// <summary>True from birth to the first write, false ever after.</summary>
        public bool IsZero => _isZero;

        public void Write(int within, ReadOnlySpan<byte> data)
        {
            _isZero = false; // before the bytes, so that nobody is told of zeroes that are gone
            data.CopyTo(Bytes.AsSpan(within));
        }

        public void Clear(ByteRange part) => Bytes.AsSpan((int)(part.Offset % PageSize), (int)part.Length).Clear();
    }
}
