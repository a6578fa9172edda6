using System.Runtime.InteropServices;

namespace Becket.Blocks.Sources;

/// <summary>
/// Turns what the operating system says about a file into a <see cref="BlockDeviceException"/> that names the file.
/// </summary>
internal static class FileFailure
{
    /// <param name="path">The file.</param>
    /// <param name="action">What was tried, as in "cannot ...": "write [0, 512)".</param>
    /// <param name="errno">What the system call said.</param>
    /// <param name="inner">The runtime's own words for it, if it had any.</param>
    internal static BlockDeviceException From(string path, string action, Errno errno, Exception? inner = null) =>
        new(ErrorOf(errno), $"{path}: cannot {action}: {Reason(errno)}", inner);

    /// <summary>The same for what .NET's own file calls throw.</summary>
    internal static BlockDeviceException From(string path, string action, Exception e) =>
        From(path, action, ErrnoOf(e), e);

    /// <summary>Whether an exception is .NET's word for a failed read or write of a file.</summary>
    internal static bool IsFileError(Exception e) =>
        e is (IOException and not BlockDeviceException)
            or UnauthorizedAccessException
            or ArgumentOutOfRangeException { ParamName: "value" };

    private static BlockError ErrorOf(Errno errno) => errno switch
    {
        Errno.NoSpace or Errno.QuotaExceeded or Errno.FileTooLarge => BlockError.NoSpace,
        Errno.NotPermitted or Errno.AccessDenied or Errno.ReadOnlyFileSystem => BlockError.ReadOnly,
        Errno.NotSupported or Errno.NotImplemented => BlockError.NotSupported,
        _ => BlockError.Io,
    };

    private static string Reason(Errno errno) => errno switch
    {
        Errno.NoEntry => "there is no such file",
        Errno.NotADirectory => "a part of the path is not a folder",
        Errno.AccessDenied or Errno.NotPermitted => "permission denied",
        Errno.ReadOnlyFileSystem => "the filesystem or device is read-only",
        Errno.NoSpace => "no space left on its filesystem",
        Errno.QuotaExceeded => "the disk quota is used up",
        Errno.FileTooLarge => "its filesystem does not allow a file this large",
        _ => $"{Marshal.GetPInvokeErrorMessage((int)errno)} (errno {(int)errno})",
    };

    /// <summary>
    /// The runtime keeps errno in HResult. EACCES and EPERM arrive as an UnauthorizedAccessException around the one that
    /// has it, EFBIG as an argument that is out of range, and a missing file or folder under a number of the runtime's own.
    /// </summary>
    private static Errno ErrnoOf(Exception e) => e switch
    {
        UnauthorizedAccessException { InnerException: IOException inner } => (Errno)inner.HResult,
        UnauthorizedAccessException => Errno.AccessDenied,
        ArgumentOutOfRangeException => Errno.FileTooLarge,
        FileNotFoundException or DirectoryNotFoundException => Errno.NoEntry,
        _ => (Errno)e.HResult,
    };
}
