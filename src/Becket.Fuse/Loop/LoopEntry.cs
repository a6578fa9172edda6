using System.Globalization;

namespace Becket.Fuse.Loop;

/// <summary>What sysfs says of a loop device. Looking does not touch the file under it.</summary>
internal static class LoopEntry
{
    /// <summary>The file that it stands on, as the kernel writes paths; null: it is free.</summary>
    public static string? BackingFile(int index) => Read(index, "loop/backing_file");

    /// <summary>
    /// A number that no other disk of this boot has or will have, from Linux 5.15 on; a loop device gets a new one with each file.
    /// </summary>
    public static string? DiskSequence(int index) => Read(index, "diskseq");

    /// <summary>Major and minor number.</summary>
    public static (uint Major, uint Minor)? DeviceNumber(int index) =>
        Read(index, "dev")?.Split(':') is [var major, var minor]
            ? (uint.Parse(major, CultureInfo.InvariantCulture), uint.Parse(minor, CultureInfo.InvariantCulture))
            : null;

    /// <summary>A matter of speed alone, so it may fail: in a container sysfs is read-only.</summary>
    public static bool TrySetReadAhead(int index, int bytes)
    {
        try
        {
            File.WriteAllText(PathOf(index, "queue/read_ahead_kb"), $"{bytes / 1024}\n");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? Read(int index, string name)
    {
        try
        {
            return File.ReadAllText(PathOf(index, name)).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string PathOf(int index, string name) => $"/sys/block/loop{index}/{name}";
}
