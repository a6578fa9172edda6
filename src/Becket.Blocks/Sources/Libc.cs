using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket.Blocks.Sources;

/// <summary>
/// The calls of the C library that .NET has no words for. Linux on x64 and arm64 only: the numbers are the ones that
/// both share. A negative result is a failure, whose <see cref="Errno"/> is <see cref="LastError"/> until the next call.
/// </summary>
internal static partial class Libc
{
    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCloseOnExec = 0x80000;

    internal const int SeekEnd = 2;
    internal const int SeekData = 3;
    internal const int SeekHole = 4;

    internal const int FallocateKeepSize = 0x01;
    internal const int FallocatePunchHole = 0x02;
    internal const int FallocateZeroRange = 0x10;

    /// <summary>RWF_NOWAIT: answer from memory or not at all.</summary>
    internal const int ReadNoWait = 0x08;

    internal const int AdviseWillNeed = 3;

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    internal static unsafe partial nint ReadVector(SafeFileHandle file, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int SyncData(SafeFileHandle file);

    /// <summary>Returns the error itself; zero is success.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    internal static partial Errno Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, StatusBuffer* status);

    /// <summary>What kind of file a path names, links followed; or null and <see cref="LastError"/>.</summary>
    internal static unsafe FileKind? KindOf(string path)
    {
        const int currentFolder = -100;
        const uint typeOnly = 1;
        StatusBuffer status;
        if (Status(currentFolder, path, 0, typeOnly, &status) < 0)
            return null;
        return (FileKind)(status.Mode & 0xF000);
    }

    /// <summary>
    /// struct statx, the one whose layout is the same on every architecture; of its 256 bytes we read:
    /// <code>
    /// 28  2  stx_mode   type and permissions
    /// </code>
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatusBuffer
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}

/// <summary>struct iovec: a stretch of memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct IoVector(byte* start, nint length)
{
    private readonly byte* _start = start;
    private readonly nint _length = length;
}

/// <summary>The upper bits of a file's mode.</summary>
internal enum FileKind
{
    Pipe = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    Socket = 0xC000,
}

/// <summary>Why a system call failed: the values of errno that we tell apart.</summary>
internal enum Errno
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    NoSuchDeviceOrAddress = 6,
    AccessDenied = 13,
    NotADirectory = 20,
    Invalid = 22,
    FileTooLarge = 27,
    NoSpace = 28,
    ReadOnlyFileSystem = 30,
    NotImplemented = 38,
    NotSupported = 95,
    QuotaExceeded = 122,
}
