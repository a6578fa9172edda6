using System.Runtime.CompilerServices;

namespace Becket.Blocks.Sources;

/// <summary>The file's space: giving it back, zeroing without a payload, and saying where it is.</summary>
public sealed partial class FileDevice
{
    private const int ZeroChunk = 1024 * 1024;

    private static readonly Lazy<byte[]> Zeroes = new(() => new byte[ZeroChunk]);

    /// <summary>
    /// Asks the filesystem first, which zeroes any number of bytes at once. Where it cannot, zeroes are written;
    /// a block device also cannot for a range that is not on its logical blocks.
    /// </summary>
    public override async ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        EnsureCanChange(range);
        if (range.IsEmpty)
            return;
        if (!await Task.Run(() => TryZeroAtOnce(range, options), cancellationToken))
        {
            if (options.HasFlag(WriteOptions.FastOnly))
                throw new BlockDeviceException(BlockError.NotSupported, $"{Path}: {range} cannot be zeroed faster than by writing");
            await WriteZeroesAsync(range, cancellationToken);
        }
        await HonourAsync(options, cancellationToken);
    }

    /// <summary>Punches a hole. A filesystem that has none keeps the bytes: trimming is a hint.</summary>
    public override async ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        EnsureCanChange(range);
        // The kernel refuses to discard parts of a block device's logical blocks, which have 4096 bytes at most.
        var whole = _kind == FileKind.BlockDevice ? range.AlignInward(4096) : range;
        if (!whole.IsEmpty)
            await Task.Run(() => TryAllocate(Libc.FallocatePunchHole, whole), cancellationToken);
        await HonourAsync(options, cancellationToken);
    }

    /// <summary>Starts to read a range into the page cache. Whether that works is the kernel's affair.</summary>
    public override async ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken)
    {
        AssertInside(range);
        if (!range.IsEmpty) // to the kernel, a length of zero means "up to the end"
            await Task.Run(() => Libc.Advise(_file, range.Offset, range.Length, Libc.AdviseWillNeed), cancellationToken);
    }

    /// <summary>
    /// What SEEK_DATA and SEEK_HOLE say; all data where the filesystem does not know. A file that is changed meanwhile may
    /// be described as it was or as it is, stretch by stretch.
    /// </summary>
    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        AssertInside(range);
        for (var position = range.Offset; position < range.End;)
        {
            var from = position;
            var extent = _kind == FileKind.Regular
                ? await Task.Run(() => ExtentAt(ByteRange.FromBounds(from, range.End)), cancellationToken)
                : new Extent(range, ExtentKind.Data);
            yield return extent;
            position = extent.Range.End;
        }
    }

    /// <summary>The first extent of a range.</summary>
    private Extent ExtentAt(ByteRange range)
    {
        const ExtentKind hole = ExtentKind.Hole | ExtentKind.Zero;
        var data = Libc.Seek(_file, range.Offset, Libc.SeekData);
        if (data > range.Offset)
            return new Extent(ByteRange.FromBounds(range.Offset, Math.Min(data, range.End)), hole);
        if (data < 0)
        {
            var errno = Libc.LastError;
            EnsureNotTruncated(); // there is no data behind the end either, but no zeroes
            return new Extent(range, errno == Errno.NoSuchDeviceOrAddress ? hole : ExtentKind.Data);
        }
        var end = Libc.Seek(_file, range.Offset, Libc.SeekHole);
        // Dug by somebody else just now: it was data a moment ago, and that is never a wrong answer (invariant 6).
        return end <= range.Offset
            ? new Extent(range, ExtentKind.Data)
            : new Extent(ByteRange.FromBounds(range.Offset, Math.Min(end, range.End)), ExtentKind.Data);
    }

    private bool TryZeroAtOnce(ByteRange range, WriteOptions options)
    {
        if (options.HasFlag(WriteOptions.MayTrim) && TryAllocate(Libc.FallocatePunchHole, range))
            return true;
        // On a block device the kernel may write the zeroes itself, which is no faster than if we did.
        var mayBeSlow = _kind == FileKind.BlockDevice && options.HasFlag(WriteOptions.FastOnly);
        return !mayBeSlow && TryAllocate(Libc.FallocateZeroRange, range);
    }

    /// <summary>False where the filesystem or device cannot do it for this range.</summary>
    private bool TryAllocate(int mode, ByteRange range)
    {
        if (Libc.Allocate(_file, mode | Libc.FallocateKeepSize, range.Offset, range.Length) == 0)
            return true;
        return Libc.LastError is Errno.NotSupported or Errno.NotImplemented or Errno.Invalid or Errno.NotPermitted
            ? false
            : throw FileFailure.From(Path, $"zero {range}", Libc.LastError);
    }

    private async ValueTask WriteZeroesAsync(ByteRange range, CancellationToken cancellationToken)
    {
        for (var position = range.Offset; position < range.End;)
        {
            var count = (int)Math.Min(ZeroChunk, range.End - position);
            await WriteAsync(position, Zeroes.Value.AsMemory(0, count), WriteOptions.None, cancellationToken);
            position += count;
        }
    }
}
