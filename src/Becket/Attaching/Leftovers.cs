using System.Globalization;
using Becket.Daemon;
using Becket.Fuse;
using Becket.Mounting;
using Becket.Nbd.Kernel;

namespace Becket.Attaching;

/// <summary>
/// Takes away what a process that died has left: its mounts, its device, its FUSE file system, its files. A device's number may
/// be another's by now, so each is asked whose it is.
/// </summary>
internal static class Leftovers
{
    private const string BlockFolder = "/sys/block";
    private const string Loop = "loop";

    private static readonly TimeSpan LoopPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LoopPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Clears everything and the folder itself; nothing where the caller holds no lock in it, since it may be another's.</summary>
    public static async Task RemoveAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        if (!folder.IsLockedByUs)
            return;
        if (folder.State is { } state)
            await ClearAsync(state, folder, cancellationToken);
        else
            await ClearUnsavedAsync(folder, cancellationToken);
        folder.Remove();
    }

    /// <summary>Clears everything but the folder, for a new process that goes on in it.</summary>
    public static async Task ClearAsync(AttachmentState state, StateFolder folder, CancellationToken cancellationToken)
    {
        if (state.Via == AttachmentMethod.Nbd)
        {
            await ClearNbdAsync(state.Device, NbdAttachment.BackendIdentifier(folder), cancellationToken);
        }
        else
        {
            await ClearImageAsync(folder, cancellationToken);
            if (state.MountedDevice is null && state.IsMounted())
                await SystemMount.UnmountAsync(state.MountPoint!, UnmountManner.Lazy, cancellationToken);
        }
        BlockNode.RemoveNodes(state.Nodes);
        File.Delete(folder.ControlSocket);
    }

    /// <summary>Clears what one has left that died before it could save its state; whose a device is, the kernel remembers.</summary>
    public static async Task ClearUnsavedAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        await ClearImageAsync(folder, cancellationToken);
        var identifier = NbdAttachment.BackendIdentifier(folder);
        foreach (var index in KernelDriver.FindByBackend(identifier))
            await ClearNbdAsync($"/dev/nbd{index}", identifier, cancellationToken);
    }

    /// <summary>Takes the image's file away, the loop devices over it, and what is mounted from those.</summary>
    private static async Task ClearImageAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        await ClearLoopsAsync(folder, cancellationToken);
        foreach (var mount in MountTable.Read().Reverse().Where(mount => mount.Target == folder.ImageFolder))
            await SystemMount.UnmountAsync(mount.Target, UnmountManner.Lazy, cancellationToken);
    }

    /// <summary>
    /// Takes the loop devices over the image away; before its unmount, since after that nothing tells whose they are. A mount(8) that a
    /// killed server has started may mount one in this very moment, so it is looked for until they are gone; whoever holds one elsewhere
    /// is not waited for long.
    /// </summary>
    public static async Task ClearLoopsAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        var image = $"{folder.ImageFolder}/";
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            foreach (var device in LoopDevicesOver(image))
            {
                await UnmountAsync(device, cancellationToken);
                await SystemCommand.RunAsync("losetup", ["--detach", device], cancellationToken);
            }
            if (!LoopDevicesOver(image).Any() || TimeProvider.System.GetElapsedTime(started) > LoopPatience)
                return;
            await Task.Delay(LoopPause, cancellationToken);
        }
    }

    private static async Task ClearNbdAsync(string device, string identifier, CancellationToken cancellationToken)
    {
        var index = NbdAttachment.IndexOf(device);
        // A kernel that keeps no identifiers tells nothing, and it is most likely ours.
        if ((KernelDriver.BackendOf(index) ?? identifier) != identifier)
            return;
        await UnmountAsync(device, cancellationToken);
        KernelDriver.Disconnect(index);
    }

    /// <summary>Unmounts what is mounted from a device and its partitions; lazily, since what is dead cannot be asked to finish.</summary>
    private static async Task UnmountAsync(string device, CancellationToken cancellationToken)
    {
        var mounts = MountTable.Read()
            .Reverse()
            .Where(mount => mount.Source == device || mount.Source.StartsWith($"{device}p", StringComparison.Ordinal));
        foreach (var mount in mounts)
            await SystemMount.UnmountAsync(mount.Target, UnmountManner.Lazy, cancellationToken);
    }

    private static IEnumerable<string> LoopDevicesOver(string folder)
    {
        if (!Directory.Exists(BlockFolder))
            yield break;
        foreach (var path in Directory.EnumerateFileSystemEntries(BlockFolder, $"{Loop}*"))
        {
            var name = Path.GetFileName(path);
            if (int.TryParse(name.AsSpan(Loop.Length), CultureInfo.InvariantCulture, out var index)
                && LoopDevice.BackingFile(index)?.StartsWith(folder, StringComparison.Ordinal) == true)
                yield return $"/dev/{name}";
        }
    }
}
