using System.Runtime.InteropServices;
using Becket.Blocks.Sources;
using Microsoft.Win32.SafeHandles;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// What the disk cache needs of the C library beyond <see cref="Libc"/>: files by their folder, locks, positioned reads and
/// writes that do not throw. As there, a negative result is a failure and <see cref="Libc.LastError"/> says why.
/// </summary>
internal static partial class DiskLibc
{
    internal const int Create = 0x40;

    internal const int LockShared = 1;
    internal const int LockExclusive = 2;
    internal const int LockNoWait = 4;

    internal const int RemoveFolder = 0x200;

    /// <summary>F_OFD_SETLK: a lock that belongs to the open file description, not to the process.</summary>
    private const int SetRangeLock = 37;

    /// <summary>O_NOFOLLOW and O_DIRECTORY are among the few flags that arm64 numbers differently.</summary>
    internal static int NoFollow { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    internal static int FolderOnly { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle OpenAt(SafeFileHandle folder, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeFolderAt(SafeFileHandle folder, string name, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RemoveAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static unsafe partial nint Read(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static unsafe partial nint Write(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint CurrentUser();

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static unsafe partial int Control(SafeFileHandle file, int command, RangeLock* argument);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(SafeFileHandle folder, string name, int flags, uint mask, FileStatus* status);

    /// <summary>Sets or drops the lock of this open file description on a range, without waiting.</summary>
    internal static unsafe int LockRange(SafeFileHandle file, RangeLockKind kind, long offset, long length)
    {
        var argument = new RangeLock { Kind = kind, Start = offset, Length = length };
        return Control(file, SetRangeLock, &argument);
    }

    /// <summary>The state of a file in a folder, links not followed; of the folder itself where the name is empty.</summary>
    internal static unsafe int StatusOf(SafeFileHandle folder, string name, out FileStatus status)
    {
        const int noFollow = 0x100;
        const int emptyPath = 0x1000;
        const uint basics = 0x7FF;
        FileStatus found = default;
        var result = Status(folder, name, noFollow | emptyPath, basics, &found);
        status = found;
        return result;
    }

    /// <summary>
    /// struct flock:
    /// <code>
    ///  0  2  l_type    shared, exclusive or none
    ///  2  2  l_whence  0: from the start of the file
    ///  8  8  l_start
    /// 16  8  l_len
    /// 24  4  l_pid     must be 0 for a lock of a description
    /// </code>
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    private struct RangeLock
    {
        [FieldOffset(0)]
        public RangeLockKind Kind;

        [FieldOffset(8)]
        public long Start;

        [FieldOffset(16)]
        public long Length;
    }
}

/// <summary>F_RDLCK, F_WRLCK, F_UNLCK.</summary>
internal enum RangeLockKind : short
{
    Shared = 0,
    Exclusive = 1,
    None = 2,
}

/// <summary>
/// struct statx, whose layout is the same on every architecture; of its 256 bytes we read:
/// <code>
/// 16  4  stx_nlink   names that the file has; 0 when it was deleted
/// 20  4  stx_uid     who owns it
/// 28  2  stx_mode    type and permissions
/// 40  8  stx_size
/// 48  8  stx_blocks  what it takes on disk, in units of 512 bytes whatever the filesystem's block
/// </code>
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(16)]
    public uint Names;

    [FieldOffset(20)]
    public uint Owner;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(40)]
    public long Size;

    [FieldOffset(48)]
    public long Blocks;

    public readonly FileKind Kind => (FileKind)(Mode & 0xF000);

    /// <summary>Bytes that the file takes on disk.</summary>
    public readonly long Allocated => Blocks * 512;
}
