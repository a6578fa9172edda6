using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse.Mounting;

/// <summary>mount(2) and umount2(2), for who has CAP_SYS_ADMIN.</summary>
internal static class KernelMount
{
    private const string FileSystemType = "fuse.becket";

    private const nuint ReadOnly = 1;
    private const nuint NoSetUserId = 2;
    private const nuint NoDevices = 4;

    private const int Force = 1;
    private const int Detach = 2;
    private const int DoNotFollow = 8;

    /// <summary>False where this process may not mount and somebody else has to do it.</summary>
    /// <exception cref="FuseException">The kernel refuses for any other reason.</exception>
    public static bool TryMount(string folder, MountOptions options, SafeFileHandle file)
    {
        var flags = NoSetUserId | NoDevices | (options.Access == FileAccess.Read ? ReadOnly : 0);
        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            var data = $"fd={file.DangerousGetHandle()},rootmode=40000,user_id={Libc.User()},group_id={Libc.Group()}"
                + $",allow_other,default_permissions,max_read={options.MaximumRead}";
            if (Libc.Mount(options.Source, folder, FileSystemType, flags, data) == 0)
                return true;
        }
        finally
        {
            if (isHeld)
                file.DangerousRelease();
        }
        return Libc.LastError switch
        {
            Errno.NotPermitted when Libc.User() != 0 => false,
            Errno.NotPermitted or Errno.AccessDenied => throw new FuseException(
                $"mounting on {folder} is not permitted, although this is root; a container has to be allowed to "
                + "('docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined')"),
            Errno.NoDevice => throw new FuseException("the kernel has no FUSE; load the module with 'modprobe fuse'"),
            var errno => throw new FuseException($"cannot mount on {folder}: {Libc.Words(errno)}"),
        };
    }

    /// <summary>
    /// Blocks while the kernel waits for what it still reads. Forced, it breaks the connection first, so that nobody waits: every
    /// request gets an error and every thread that listens to the kernel returns.
    /// </summary>
    public static void Unmount(string folder, UnmountManner manner) =>
        _ = Libc.Unmount(folder, manner == UnmountManner.Polite ? DoNotFollow : Force | Detach | DoNotFollow);
}
