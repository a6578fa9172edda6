using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Becket.Objects;

/// <summary>The calls of Linux that .NET does not offer: file identity, links that fail where a file exists, locks, real paths.</summary>
public sealed partial class FolderObjectStore
{
    /// <summary>
    /// What identifies a state of a file, from <c>statx(2)</c>, whose layout is the same on every architecture.
    /// </summary>
    /// <remarks>
    /// <code>
    ///  offset  bytes  field
    ///       0      4  stx_mask
    ///      28      2  stx_mode
    ///      32      8  stx_ino
    ///      40      8  stx_size
    ///     112      8  stx_mtime.tv_sec
    ///     120      4  stx_mtime.tv_nsec
    ///                 256 bytes in all
    /// </code>
    /// </remarks>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct FileState
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public long Size;

        [FieldOffset(112)]
        public long Seconds;

        [FieldOffset(120)]
        public uint Nanoseconds;

        public readonly bool IsRegularFile => (Mode & 0xF000) == 0x8000;

        public readonly DateTimeOffset Modified => DateTimeOffset.FromUnixTimeSeconds(Seconds).AddTicks(Nanoseconds / 100);

        /// <summary>
        /// Another file, another size or another time of modification make another ETag. Not the time of the inode's change:
        /// it also moves when a file gets a new name or mode.
        /// </summary>
        public readonly string ETag => string.Create(CultureInfo.InvariantCulture, $"\"{Inode:x}-{Size:x}-{Seconds:x}.{Nanoseconds:x8}\"");
    }

    private const int CurrentFolder = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH: the file is the descriptor itself
    private const uint BasicStatistics = 0x7FF; // STATX_BASIC_STATS
    private const int ForReading = 0x80800; // O_RDONLY | O_CLOEXEC | O_NONBLOCK: a pipe of that name shall not block
    private const int ExclusiveLock = 2; // LOCK_EX
    private const int FileExists = 17; // EEXIST
    private const int Interrupted = 4; // EINTR
    private const int NoEntry = 2; // ENOENT
    private const int NoAccess = 13; // EACCES

    private static FileState StateOf(SafeFileHandle file) =>
        StateOf(file, "", EmptyPath, BasicStatistics, out var state) == 0 ? state : throw LastError("statx");

    /// <summary>Null where there is no such file.</summary>
    private static FileState? StateOf(string path) =>
        StateOf(CurrentFolder, path, flags: 0, BasicStatistics, out var state) == 0 ? state : null;

    /// <summary>The path without symbolic links, or null where there is nothing.</summary>
    private static string? RealPath(string path)
    {
        var buffer = new byte[4096]; // PATH_MAX
        return RealPath(path, buffer) == 0 ? null : Encoding.UTF8.GetString(buffer.AsSpan(0, buffer.IndexOf((byte)0)));
    }

    /// <summary>The exception that .NET itself throws for the last call's error.</summary>
    private static Exception LastError(string call)
    {
        var message = $"{call}: {Marshal.GetLastPInvokeErrorMessage()}";
        return Marshal.GetLastPInvokeError() switch
        {
            NoEntry => new FileNotFoundException(message),
            NoAccess => new UnauthorizedAccessException(message),
            var code => new IOException(message, code),
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StateOf(int folder, string path, int flags, uint mask, out FileState state);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StateOf(SafeFileHandle file, string path, int flags, uint mask, out FileState state);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, [Out] byte[] resolved);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string added);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
