using Becket.Mounting;

namespace Becket.Daemon;

/// <summary>
/// Finds an attachment by whatever a user calls it: its mount point, its device or a partition of it, its source, its number.
/// </summary>
internal static class AttachmentFinder
{
    /// <exception cref="CommandException">There is none of that name, or there are several.</exception>
    public static StateFolder Find(string name)
    {
        var all = StateFolder.List();
        var found = all.Where(folder => folder.State is { } state && IsCalled(folder, state, name)).ToList();
        return found switch
        {
            [var only] => only,
            [] => throw new CommandException(NotFound(name, all)),
            _ => throw new CommandException(
                $"{name} is attached {found.Count} times; say which: "
                + string.Join(", ", found.Select(static folder => folder.State?.MountPoint ?? folder.State?.Device))),
        };
    }

    /// <summary>What is mounted, or was, on a folder; null where becket has nothing to do with it.</summary>
    public static StateFolder? At(string mountPoint) => StateFolder.List().FirstOrDefault(folder => folder.State?.MountPoint == mountPoint);

    /// <summary>For whoever wants to mount something else there.</summary>
    public static CommandException MountedAlready(AttachmentState state) =>
        new($"{state.Source} is mounted on {state.MountPoint} already, by process {state.Process}; "
            + $"'becket umount {state.MountPoint}' comes first");

    private static bool IsCalled(StateFolder folder, AttachmentState state, string name) =>
        name == folder.Id
        || name == state.Device
        || name == state.Source
        || (state.MountedDevice is not null && name == state.MountedDevice)
        || (state.Device.StartsWith("/dev/", StringComparison.Ordinal) && name.StartsWith($"{state.Device}p", StringComparison.Ordinal))
        || (state.MountPoint is not null && MountPoint.Resolve(name) == state.MountPoint)
        || (!name.Contains("://", StringComparison.Ordinal) && Path.GetFullPath(name) == state.Source);

    private static string NotFound(string name, IReadOnlyList<StateFolder> all)
    {
        if (Directory.Exists(name) && MountTable.At(MountPoint.Resolve(name)) is { } other)
            return $"{name} is not becket's: {other.Source} ({other.Type}) is mounted there; use umount";
        var known = all.Count == 0 ? "nothing is attached" : "'becket list' shows what is";
        var elsewhere = Environment.IsPrivilegedProcess ? "" : " (what root has attached, root sees)";
        return $"becket has nothing attached that is called {name}; {known}{elsewhere}";
    }
}
