using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse;

/// <summary>
/// The calls of the C library that .NET has no words for. Linux on x64 and arm64 only: the numbers are the ones that
/// both share. A negative result is a failure, whose <see cref="Errno"/> is <see cref="LastError"/> until the next call.
/// </summary>
internal static partial class Libc
{
    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCloseOnExec = 0x80000;

    /// <summary>Of open's flags, the bits that say whether there will be writes.</summary>
    internal const int OpenAccessMode = 3;

    internal const uint BlockDeviceNode = 0x6000;

    internal const int AdviseDontNeed = 4;

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>The C library's words for an error.</summary>
    internal static string Words(Errno errno) => $"{Marshal.GetPInvokeErrorMessage((int)errno)} (errno {(int)errno})";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle file, Span<byte> buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> data, nint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(SafeFileHandle file, nuint request, ref uint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(SafeFileHandle file, nuint request, ReadOnlySpan<byte> argument);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mount(string source, string folder, string type, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unmount(string folder, int flags);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeNode(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint User();

    [LibraryImport("libc", EntryPoint = "getegid")]
    internal static partial uint Group();

    [LibraryImport("libc", EntryPoint = "madvise")]
    internal static partial int Advise(nint start, nint length, int advice);

    /// <summary>The path without links, or null and <see cref="LastError"/>.</summary>
    internal static string? ResolveLinks(string path)
    {
        var resolved = RealPath(path, 0);
        if (resolved == 0)
            return null;
        var text = Marshal.PtrToStringUTF8(resolved);
        Free(resolved);
        return text;
    }

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);
}
