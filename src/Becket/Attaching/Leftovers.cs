using System.Globalization;
using Becket.Daemon;
using Becket.Fuse;
using Becket.Mounting;
using Becket.Nbd.Kernel;

namespace Becket.Attaching;

/// <summary>Takes away what a process that died has left: its mounts, its device, its FUSE file system, its files.</summary>
internal static class Leftovers
{
    private const string Loop = "/dev/loop";

    /// <summary>Clears everything and the folder itself.</summary>
    public static async Task RemoveAsync(AttachmentState state, StateFolder folder, CancellationToken cancellationToken)
    {
        await ClearAsync(state, folder, cancellationToken);
        folder.Remove();
    }

    /// <summary>Clears everything but the folder, for a new process that goes on in it.</summary>
    public static async Task ClearAsync(AttachmentState state, StateFolder folder, CancellationToken cancellationToken)
    {
        // Lazily: what is dead cannot be asked to finish, and it is nobody's any more.
        foreach (var mount in MountTable.Read().Reverse().Where(mount => IsOurs(mount, state)))
            await SystemMount.UnmountAsync(mount.Target, UnmountManner.Lazy, cancellationToken);
        if (state.Via == "nbd")
            Disconnect(NbdAttachment.IndexOf(state.Device), NbdAttachment.BackendIdentifier(folder));
        else if (state.Device.StartsWith(Loop, StringComparison.Ordinal)
            && LoopDevice.BackingFile(int.Parse(state.Device.AsSpan(Loop.Length), CultureInfo.InvariantCulture))?.StartsWith(folder.ImageFolder, StringComparison.Ordinal) == true)
            await SystemCommand.RunAsync("losetup", ["--detach", state.Device], cancellationToken);
        foreach (var mount in MountTable.Read().Reverse().Where(mount => mount.Target == folder.ImageFolder))
            await SystemMount.UnmountAsync(mount.Target, UnmountManner.Lazy, cancellationToken);
        File.Delete(folder.ControlSocket);
    }

    /// <summary>Another's device may have the number by now. A kernel that keeps no identifiers tells nothing, and it is most likely ours.</summary>
    private static void Disconnect(int index, string identifier)
    {
        if ((KernelDriver.BackendOf(index) ?? identifier) == identifier)
            KernelDriver.Disconnect(index);
    }

    private static bool IsOurs(MountEntry mount, AttachmentState state) =>
        mount.Source == state.MountedDevice || mount.Source == state.Device || (state.MountedDevice is null && mount.Target == state.MountPoint && mount.Type.StartsWith("fuse", StringComparison.Ordinal));
}
