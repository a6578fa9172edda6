using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Becket.Blocks.Sources;

/// <summary>
/// A local file or block device as a disk. Its size is taken when it is opened: a file that becomes shorter after that
/// is an error for every read behind its new end and for every change, never zeroes and never a longer file.
/// </summary>
/// <remarks>
/// Reads and writes go through the page cache and give their own position, so one descriptor serves all threads; the
/// descriptor's position belongs to nobody.
/// </remarks>
public sealed partial class FileDevice : BlockDevice
{
    private const BlockDeviceFeatures Changes = BlockDeviceFeatures.Write | BlockDeviceFeatures.Durable
        | BlockDeviceFeatures.Trim | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero;

    private readonly SafeFileHandle _file;
    private readonly FileKind _kind;
    private volatile bool _cannotReadWithoutWaiting;
    private volatile BlockDeviceException? _lostWrites;

    private FileDevice(SafeFileHandle file, FileKind kind, BlockDeviceInfo info) => (_file, _kind, Info) = (file, kind, info);

    public override BlockDeviceInfo Info { get; }

    private string Path => Info.Description;

    /// <summary>Opens a file or block device.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="access">Read, or ReadWrite for a device that can be changed.</param>
    /// <exception cref="BlockDeviceException">
    /// It is missing, a folder or otherwise not a disk, or may not be opened. The message names it and says why.
    /// </exception>
    public static FileDevice Open(string path, FileAccess access)
    {
        if (access is not (FileAccess.Read or FileAccess.ReadWrite))
            throw new ArgumentOutOfRangeException(nameof(access), access, "A disk is opened for Read or ReadWrite.");

        // Asked before opening: opening a pipe would wait for its other end, and opening a tape or a watchdog does things.
        var kind = Libc.KindOf(path) ?? throw FileFailure.From(path, "open it", Libc.LastError);
        if (kind is not (FileKind.Regular or FileKind.BlockDevice))
            throw new BlockDeviceException(BlockError.Invalid, $"{path} is {Words(kind)}, not a file or block device");

        var flags = access == FileAccess.Read ? Libc.OpenReadOnly : Libc.OpenReadWrite;
        var file = Libc.Open(path, flags | Libc.OpenCloseOnExec);
        if (file.IsInvalid)
            throw FileFailure.From(path, access == FileAccess.Read ? "open it" : "open it for writing", Libc.LastError);

        var size = Libc.Seek(file, 0, Libc.SeekEnd); // fstat knows no size of block devices
        if (size < 0)
        {
            var errno = Libc.LastError;
            file.Dispose();
            throw FileFailure.From(path, "find out its size", errno);
        }

        return new FileDevice(file, kind, new BlockDeviceInfo
        {
            Size = size,
            Description = path,
            Features = BlockDeviceFeatures.Prefetch | BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Flush
                | (kind == FileKind.Regular ? BlockDeviceFeatures.Extents : BlockDeviceFeatures.None)
                | (access == FileAccess.Read ? BlockDeviceFeatures.None : Changes),
        });
    }

    /// <summary>
    /// Answers from the page cache. Some filesystems cannot say what is cached (tmpfs is one); they are asked only once.
    /// </summary>
    public override unsafe bool TryRead(long offset, Span<byte> buffer)
    {
        AssertInside(new ByteRange(offset, buffer.Length));
        if (buffer.IsEmpty)
            return true;
        if (_cannotReadWithoutWaiting)
            return false;
        nint count;
        fixed (byte* start = buffer)
        {
            var vector = new IoVector(start, buffer.Length);
            count = Libc.ReadVector(_file, &vector, 1, offset, Libc.ReadNoWait);
        }
        if (count == buffer.Length)
            return true;
        if (count < 0 && Libc.LastError is Errno.NotSupported or Errno.NotImplemented or Errno.Invalid)
            _cannotReadWithoutWaiting = true;
        return false;
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        AssertInside(new ByteRange(offset, buffer.Length));
        while (!buffer.IsEmpty)
        {
            int count;
            try
            {
                count = await RandomAccess.ReadAsync(_file, buffer, offset, cancellationToken);
            }
            catch (Exception e) when (FileFailure.IsFileError(e))
            {
                throw FileFailure.From(Path, $"read {new ByteRange(offset, buffer.Length)}", e);
            }
            if (count == 0)
                throw Truncated(offset);
            offset += count;
            buffer = buffer[count..];
        }
    }

    public override async ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        var range = new ByteRange(offset, data.Length);
        EnsureCanChange(range);
        try
        {
            await RandomAccess.WriteAsync(_file, data, offset, cancellationToken); // writes all of it or throws
        }
        catch (Exception e) when (FileFailure.IsFileError(e))
        {
            throw FileFailure.From(Path, $"write {range}", e);
        }
        await HonourAsync(options, cancellationToken);
    }

    public override async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (!Info.IsReadOnly)
            await Task.Run(Flush, cancellationToken);
    }

    public override ValueTask DisposeAsync()
    {
        _file.Dispose();
        return base.DisposeAsync();
    }

    /// <summary>
    /// fdatasync, not RandomAccess.FlushToDisk: that one is a full fsync and keeps some failures to itself. The kernel
    /// reports a write that it lost only once and then forgets the page, so we do not: every later flush fails too (invariant 7).
    /// </summary>
    private void Flush()
    {
        if (_lostWrites is { } lost)
            throw new BlockDeviceException(lost.Error, lost.Message, lost);
        if (Libc.SyncData(_file) == 0)
            return;
        _lostWrites = FileFailure.From(Path, "make writes durable, some are lost", Libc.LastError);
        throw _lostWrites;
    }

    private ValueTask HonourAsync(WriteOptions options, CancellationToken cancellationToken) =>
        options.HasFlag(WriteOptions.Durable) ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>
    /// Refuses to change a file that has become shorter. Growing it again would make the bytes that are gone read as zeroes
    /// (invariant 2).
    /// </summary>
    private void EnsureCanChange(ByteRange range)
    {
        AssertInside(range);
        if (Info.IsReadOnly)
            throw new BlockDeviceException(BlockError.ReadOnly, $"{Path} is read-only");
        EnsureNotTruncated();
    }

    private void EnsureNotTruncated()
    {
        var size = Libc.Seek(_file, 0, Libc.SeekEnd);
        if (size < 0)
            throw FileFailure.From(Path, "find out its size", Libc.LastError);
        if (size < Info.Size)
            throw Truncated(size);
    }

    private BlockDeviceException Truncated(long end) => new(
        BlockError.Io,
        $"{Path} has become shorter since it was opened: no bytes at {end}, it had {Info.Size}; restore it and open it again");

    [Conditional("DEBUG")]
    private void AssertInside(ByteRange range) =>
        Debug.Assert(range.FitsIn(Info.Size), $"{Path}: {range} is not within {Info.Size} bytes");

    private static string Words(FileKind kind) => kind switch
    {
        FileKind.Directory => "a folder",
        FileKind.Pipe => "a pipe",
        FileKind.Socket => "a socket",
        FileKind.CharacterDevice => "a character device",
        _ => "of an unknown kind",
    };
}
