using Becket.Fuse.Session;
using Microsoft.Extensions.Logging;

namespace Becket.Fuse.Mounting;

/// <summary>How an unmount treats those that still use the mount.</summary>
internal enum UnmountManner
{
    /// <summary>It fails while somebody does.</summary>
    Polite,

    /// <summary>They get errors from now on, and the folder is free at once.</summary>
    Forced,
}

/// <summary>
/// A FUSE filesystem in the tree of folders: made by mount(2) where the process may, otherwise by fusermount3. Never looks at the
/// folder once something is mounted there: that would ask the server, which is this process.
/// </summary>
internal sealed class FuseMount
{
    private readonly bool _isByHelper;

    private FuseMount(string folder, string device, bool isByHelper) => (Folder, Device, _isByHelper) = (folder, device, isByHelper);

    /// <summary>Without links.</summary>
    public string Folder { get; }

    /// <summary>The device number, as "0:53": whatever else is mounted at the folder has another.</summary>
    public string Device { get; }

    private bool IsThere => MountTable.DeviceAt(Folder) == Device;

    /// <summary>Mounts, and returns the channel on which the kernel waits for an answer to its first request already.</summary>
    /// <exception cref="FuseException">It cannot be done; the sentence says why.</exception>
    public static (FuseMount Mount, FuseChannel Channel) Create(string folder, MountOptions options)
    {
        var resolved = Libc.ResolveLinks(folder) ?? throw new FuseException(Libc.LastError switch
        {
            Errno.NoEntry => $"{folder}: there is no such folder to mount on; create it",
            Errno.NotConnected => $"{folder}: the process that served what is mounted there has ended; unmount it with 'umount {folder}'",
            var errno => $"{folder}: {Libc.Words(errno)}",
        });
        if (!Directory.Exists(resolved))
            throw new FuseException($"{folder} is not a folder to mount on");

        var file = DeviceNode.Open();
        var isByHelper = false;
        try
        {
            if (!KernelMount.TryMount(resolved, options, file))
            {
                file.Dispose();
                file = MountHelper.Mount(resolved, options);
                isByHelper = true;
            }
            var device = MountTable.DeviceAt(resolved)
                ?? throw new FuseException($"{resolved} was mounted and is gone again: somebody has unmounted it");
            return (new FuseMount(resolved, device, isByHelper), new FuseChannel(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// How far the kernel reads ahead. It never takes more from INIT than its own default of 128 KiB; beyond that it is told here,
    /// by root. A matter of speed alone: false where it cannot be said.
    /// </summary>
    public bool TrySetReadAhead(int bytes)
    {
        try
        {
            File.WriteAllText($"/sys/class/bdi/{Device}/read_ahead_kb", $"{bytes / 1024}\n");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Takes the mount away; true if it is not there any more, whoever did it.</summary>
    public async Task<bool> TryUnmountAsync(UnmountManner manner, ILogger logger)
    {
        if (!IsThere)
            return true;
        if (_isByHelper)
            await MountHelper.UnmountAsync(Folder, manner, logger);
        else
            await Task.Run(() => KernelMount.Unmount(Folder, manner));
        return !IsThere;
    }
}
