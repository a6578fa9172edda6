namespace Becket.Mounting;

/// <summary>mount(8) and umount(8): they know every file system's helpers and options, and keep the system's own records.</summary>
internal static class SystemMount
{
    /// <summary>Whoever only looks at a mount, such as another umount(8), makes it busy for a moment.</summary>
    private static readonly TimeSpan BusyPatience = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Mounts read-only; <paramref name="source"/> is what the user calls the image.</summary>
    /// <returns>A remark for the user; null where there is nothing to say.</returns>
    /// <exception cref="CommandException">It could not be mounted.</exception>
    public static async Task<string?> MountAsync(
        string source, Contents contents, string folder, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        string[] all = [.. options.Where(static option => option != "ro"), .. Needed(contents.Type)];
        var first = await RunAsync(contents, folder, all, cancellationToken);
        if (first.ExitCode == 0)
            return null;

        // The device cannot be written, so a journal cannot be replayed; the file system is as it was when the machine went down.
        if (WithoutJournal(contents.Type) is { } unplayed
            && (await RunAsync(contents, folder, [.. all, unplayed], cancellationToken)).ExitCode == 0)
        {
            return $"{contents.Type} in {source} was not unmounted cleanly; "
                + $"mounted without replaying its journal ({unplayed}), so the last changes may be missing";
        }
        throw Failed(source, contents, folder, first);
    }

    /// <exception cref="CommandException">It is busy or could not be unmounted.</exception>
    public static async Task UnmountAsync(string folder, UnmountManner manner, CancellationToken cancellationToken)
    {
        var mounted = MountTable.At(folder);
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            var result = await TryUnmountAsync(folder, manner, cancellationToken);
            if (result.ExitCode == 0 || MountTable.At(folder) is not { } now || now != mounted)
                return;
            if (!result.Errors.Contains("busy", StringComparison.Ordinal))
                throw new CommandException($"{folder} cannot be unmounted: {result.Complaint}");
            if (TimeProvider.System.GetElapsedTime(started) > BusyPatience)
            {
                throw new CommandException(
                    $"{folder} is busy: files on it are open or a shell stands in it ('fuser -vm {folder}' shows which); "
                    + "--lazy takes it out of sight now and ends it when they are done");
            }
            await Task.Delay(BusyPause, cancellationToken);
        }
    }

    /// <summary>Without root there is nothing but FUSE, whose own helper knows what is whose.</summary>
    private static Task<SystemCommandResult> TryUnmountAsync(string folder, UnmountManner manner, CancellationToken cancellationToken) =>
        Environment.IsPrivilegedProcess
            ? SystemCommand.RunAsync("umount", manner == UnmountManner.Lazy ? ["-l", folder] : [folder], cancellationToken)
            : SystemCommand.RunAsync(
                "fusermount3", manner == UnmountManner.Lazy ? ["-u", "-z", folder] : ["-u", folder], cancellationToken);

    private static Task<SystemCommandResult> RunAsync(
        Contents contents, string folder, string[] options, CancellationToken cancellationToken) =>
        SystemCommand.RunAsync("mount", ["-o", string.Join(',', (string[])["ro", .. options]), contents.Device, folder], cancellationToken);

    /// <summary>XFS refuses a second mount of the same image otherwise, by its UUID.</summary>
    private static string[] Needed(string? type) => type == "xfs" ? ["nouuid"] : [];

    private static string? WithoutJournal(string? type) => type switch
    {
        "ext3" or "ext4" => "noload",
        "xfs" or "f2fs" => "norecovery",
        "btrfs" => "rescue=nologreplay",
        _ => null,
    };

    private static CommandException Failed(string source, Contents contents, string folder, SystemCommandResult result)
    {
        if (result.Errors.Contains("unknown filesystem type", StringComparison.Ordinal))
        {
            return new CommandException(
                $"this kernel has no driver for {contents.Type}, the file system of {source}; "
                + $"load it ('modprobe {contents.Type}') or install the package with more kernel modules");
        }
        return new CommandException($"{source} ({contents.Type} on {contents.Device}) cannot be mounted on {folder}: {result.Complaint}");
    }
}

/// <summary>What to do when a mount is busy.</summary>
internal enum UnmountManner
{
    Refuse,
    Lazy,
}
