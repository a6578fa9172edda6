namespace Becket.Fuse.Mounting;

/// <summary>
/// What is mounted where, from /proc/self/mountinfo: the way to look at a mount without touching it, which would ask its server.
/// </summary>
internal static class MountTable
{
    /// <summary>The device number, as "0:53", of what is mounted on top at a folder; null: nothing is.</summary>
    public static string? DeviceAt(string folder) => DeviceAt(folder, File.ReadLines("/proc/self/mountinfo"));

    /// <summary>A line is: mount id, parent's id, major:minor, root, mount point, and more that we do not need.</summary>
    internal static string? DeviceAt(string folder, IEnumerable<string> lines)
    {
        string? device = null;
        foreach (var line in lines)
        {
            var fields = line.Split(' ', 6);
            if (fields.Length == 6 && MountTableField.Unescape(fields[4]) == folder)
                device = fields[2];
        }
        return device;
    }
}
