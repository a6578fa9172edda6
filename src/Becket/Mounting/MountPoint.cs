namespace Becket.Mounting;

/// <summary>A folder that something is to be mounted on, checked before any work is done.</summary>
internal static class MountPoint
{
    /// <summary>The folder's full path, links followed, as the mount table will have it.</summary>
    /// <exception cref="CommandException">It is missing, no folder, or taken.</exception>
    public static string Check(string folder)
    {
        var path = Resolve(folder);
        if (File.Exists(path))
            throw new CommandException($"the mount point {path} is a file; name a folder");
        if (!Directory.Exists(path))
            throw new CommandException($"the mount point {path} does not exist; 'mkdir -p {path}' makes it");
        if (Occupant(path) is { } taken)
        {
            throw new CommandException(
                $"{path} has something mounted on it already ({taken.Source}, {taken.Type}); 'umount {path}' or choose another folder");
        }
        return path;
    }

    /// <summary>What is mounted on a folder. An automount point is no occupant: systemd waits on the very folder.</summary>
    public static MountEntry? Occupant(string path) => MountTable.At(path) is { Type: not "autofs" } occupant ? occupant : null;

    /// <summary>The path in the words of the mount table, also of a folder that is gone.</summary>
    public static string Resolve(string folder)
    {
        var path = Path.GetFullPath(folder).TrimEnd('/');
        if (path.Length == 0)
            return "/";
        var parent = Path.GetDirectoryName(path)!;
        try
        {
            var target = new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
            return target is not null ? Resolve(target) : Path.Combine(Resolve(parent), Path.GetFileName(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return path; // a dead mount, or a folder that may not be entered
        }
    }
}
