namespace Becket.Fuse;

/// <summary>/dev/fuse, and what to do where it cannot be had.</summary>
internal static class DeviceNode
{
    public const string Path = "/dev/fuse";

    /// <exception cref="FuseException">It is missing or may not be opened.</exception>
    public static Microsoft.Win32.SafeHandles.SafeFileHandle Open()
    {
        var file = Libc.Open(Path, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (!file.IsInvalid)
            return file;

        var errno = Libc.LastError;
        file.Dispose();
        throw new FuseException(errno switch
        {
            Errno.NoEntry =>
                $"there is no {Path}; load the module with 'modprobe fuse', "
                + $"or give the container the device ('docker run --device {Path}')",
            Errno.NotPermitted or Errno.AccessDenied =>
                $"{Path} may not be opened; in a container it has to be allowed ('docker run --device {Path}'), "
                + "otherwise its mode should be 0666",
            Errno.NoDevice or Errno.NoSuchDeviceOrAddress =>
                $"{Path} is there but the kernel has no FUSE; load the module with 'modprobe fuse'",
            _ => $"cannot open {Path}: {Libc.Words(errno)}",
        });
    }
}
