using Becket.Blocks.Sources;
using Microsoft.Win32.SafeHandles;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// A file of the cache by its own open file description, which is also the owner of its locks. Never mapped into memory: a
/// mapping turns a file that was cut off, a full disk and a bad sector into a signal that ends the process, where a call
/// returns an error. Failures are <see cref="BlockDeviceException"/>s that name the file. Safe for any number of threads.
/// </summary>
internal sealed class DiskFile(SafeFileHandle handle, string path) : IDisposable
{
    private const Errno Interrupted = (Errno)4;
    private const Errno WouldBlock = (Errno)11;

    public string Path => path;

    /// <summary>Reads until the buffer is full or the file ends, and returns how much that was.</summary>
    public unsafe int Read(long offset, Span<byte> buffer)
    {
        var done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                var count = DiskLibc.Read(handle, start + done, buffer.Length - done, offset + done);
                if (count == 0)
                    break;
                if (count > 0)
                    done += (int)count;
                else if (Libc.LastError != Interrupted)
                    throw Failed($"read {new ByteRange(offset, buffer.Length)}", Libc.LastError);
            }
        }
        return done;
    }

    /// <summary>Reads what the page cache has at once and returns how much that was; 0 where the filesystem cannot say.</summary>
    public unsafe int ReadCached(long offset, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var vector = new IoVector(start, buffer.Length);
            return (int)Math.Max(0, Libc.ReadVector(handle, &vector, 1, offset, Libc.ReadNoWait));
        }
    }

    public unsafe void Write(long offset, ReadOnlySpan<byte> data)
    {
        var done = 0;
        fixed (byte* start = data)
        {
            while (done < data.Length)
            {
                var count = DiskLibc.Write(handle, start + done, data.Length - done, offset + done);
                if (count > 0)
                    done += (int)count;
                else if (count == 0 || Libc.LastError != Interrupted)
                    throw Failed($"write {new ByteRange(offset, data.Length)}", count == 0 ? Errno.NoSpace : Libc.LastError);
            }
        }
    }

    public void SetLength(long length)
    {
        if (DiskLibc.SetLength(handle, length) < 0)
            throw Failed($"set its length to {length}", Libc.LastError);
    }

    public FileStatus Status() => DiskLibc.StatusOf(handle, "", out var status) == 0
        ? status
        : throw Failed("find out its state", Libc.LastError);

    /// <summary>Gives the space of a range back; it reads as zeroes then.</summary>
    public void PunchHole(long offset, long length)
    {
        if (Libc.Allocate(handle, Libc.FallocatePunchHole | Libc.FallocateKeepSize, offset, length) < 0)
            throw Failed($"give the space of {new ByteRange(offset, length)} back", Libc.LastError);
    }

    /// <summary>
    /// The stretches of [from, end) that are not holes, clipped to it; everything up to the end of the file where the filesystem
    /// cannot say. What changes meanwhile is seen as it was or as it is.
    /// </summary>
    public IEnumerable<ByteRange> DataIn(long from, long end)
    {
        while (from < end)
        {
            var start = Libc.Seek(handle, from, Libc.SeekData);
            if (start < 0 && Libc.LastError != Errno.NoSuchDeviceOrAddress)
                throw Failed("find its holes", Libc.LastError);
            if (start < 0 || start >= end)
                yield break;
            var stop = Libc.Seek(handle, start, Libc.SeekHole);
            if (stop > start)
                yield return ByteRange.FromBounds(start, Math.Min(stop, end));
            from = Math.Max(stop, start + 1); // a hole since we looked: go on behind it
        }
    }

    /// <summary>
    /// Locks a range against the other open file descriptions, of this process too; false when one of them is in the way. All
    /// threads that use this file share the lock, and the first one to unlock takes it from all of them.
    /// </summary>
    public bool TryLock(RangeLockKind kind, long offset, long length)
    {
        if (DiskLibc.LockRange(handle, kind, offset, length) == 0)
            return true;
        return Libc.LastError is WouldBlock or Errno.AccessDenied
            ? false
            : throw Failed("lock a part of it", Libc.LastError);
    }

    /// <summary>Cannot fail on a range that is locked, but for want of kernel memory; then closing the file unlocks.</summary>
    public void Unlock(long offset, long length) => _ = DiskLibc.LockRange(handle, RangeLockKind.None, offset, length);

    /// <summary>Locks the file as a whole, which is another kind of lock than that of a range; false when somebody is in the way.</summary>
    public bool TryLockWhole(int kind)
    {
        if (DiskLibc.Lock(handle, kind | DiskLibc.LockNoWait) == 0)
            return true;
        return Libc.LastError == WouldBlock ? false : throw Failed("lock it", Libc.LastError);
    }

    /// <summary>The same, but waits: only for what others hold for moments.</summary>
    public void LockWhole(int kind)
    {
        while (DiskLibc.Lock(handle, kind) < 0)
        {
            if (Libc.LastError != Interrupted)
                throw Failed("lock it", Libc.LastError);
        }
    }

    public void Dispose() => handle.Dispose();

    private BlockDeviceException Failed(string action, Errno errno) => FileFailure.From(path, action, errno);
}
