using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket;

/// <summary>
/// The calls of the C library that attaching and the daemon's life need and .NET has no words for. A negative result is a failure.
/// </summary>
internal static partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>O_RDONLY | O_EXCL | O_CLOEXEC: on a block device EXCL fails with <see cref="Busy"/> while anything holds it.</summary>
    public const int OpenExclusively = 0x80080;

    /// <summary>O_RDWR | O_CREAT | O_CLOEXEC.</summary>
    public const int OpenOrCreate = 0x80042;

    /// <summary>O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC.</summary>
    public const int OpenToAppend = 0x80441;

    /// <summary>O_RDONLY | O_CLOEXEC.</summary>
    public const int OpenToLook = 0x80000;

    /// <summary>Mode 0600 for a file that is made.</summary>
    public const uint OwnerOnly = 0x180;

    /// <summary>
    /// F_OFD_GETLK: who would be in the way of a lock, without taking it. The lock belongs to the open file, not to the process.
    /// </summary>
    public const int AskForLock = 36;

    /// <summary>F_OFD_SETLK: takes a lock or fails at once.</summary>
    public const int TakeLock = 37;

    /// <summary>CLOSE_RANGE_CLOEXEC.</summary>
    public const uint CloseOnExec = 4;

    /// <summary>LOCK_EX | LOCK_NB.</summary>
    public const int LockExclusively = 2 | 4;

    public const int WouldBlock = 11;

    public const int Busy = 16;

    /// <summary>S_IFBLK with mode 0600.</summary>
    public const uint BlockNodeMode = 0x6180;

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string LastErrorText => Marshal.GetLastPInvokeErrorMessage();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation, ref FileLock which);

    /// <summary>flock(2), which takes a folder, too.</summary>
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int LockWhole(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "close_range", SetLastError = true)]
    public static partial int CloseRange(uint first, uint last, uint flags);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    public static partial int NewSession();

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int Duplicate(SafeFileHandle from, int to);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeNode(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(ref PollEntry entries, nuint count, int milliseconds);

    /// <summary>The number of a device, as the C library's makedev() has it.</summary>
    public static ulong DeviceNumber(uint major, uint minor) =>
        (minor & 0xFF) | ((major & 0xFFFUL) << 8) | ((minor & ~0xFFUL) << 12) | ((major & ~0xFFFUL) << 32);

    /// <summary>struct flock, as 64-bit systems have it: the whole file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileLock
    {
        public const short Exclusive = 1;
        public const short Free = 2;

        public short Kind;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        /// <summary>POLLPRI and POLLERR: how the kernel says that a file of /proc has changed.</summary>
        public const short Changed = 0x2 | 0x8;

        public int File;
        public short Wanted;
        public short Happened;
    }
}
