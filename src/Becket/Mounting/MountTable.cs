using Becket.Fuse.Mounting;
using Microsoft.Win32.SafeHandles;

namespace Becket.Mounting;

/// <summary>A line of the mount table.</summary>
/// <param name="Source">Such as <c>/dev/nbd0p1</c>.</param>
/// <param name="Target">The mount point.</param>
/// <param name="Type">The file system's type.</param>
internal sealed record MountEntry(string Source, string Target, string Type);

/// <summary>What is mounted, as this process sees it (<c>/proc/self/mountinfo</c>, proc(5)).</summary>
internal static class MountTable
{
    private const string File = "/proc/self/mountinfo";

    /// <summary>In the order of mounting; of two on one mount point, the later one hides the earlier.</summary>
    public static IReadOnlyList<MountEntry> Read() => Parse(System.IO.File.ReadAllLines(File));

    /// <summary>What is mounted on a folder, the uppermost where there are several; or null.</summary>
    public static MountEntry? At(string folder) => Read().LastOrDefault(entry => entry.Target == folder);

    public static IReadOnlyList<MountEntry> Parse(IEnumerable<string> lines)
    {
        var entries = new List<MountEntry>();
        foreach (var line in lines)
        {
            // 36 35 98:0 /root /mountpoint options optional ... - type source super-options
            var fields = line.Split(' ');
            var dash = fields.Length > 6 ? Array.IndexOf(fields, "-", 6) : -1;
            if (dash > 0 && fields.Length > dash + 2)
            {
                entries.Add(new MountEntry(
                    MountTableField.Unescape(fields[dash + 2]), MountTableField.Unescape(fields[4]), fields[dash + 1]));
            }
        }
        return entries;
    }

    /// <summary>Completes when a condition does not hold any more; it is looked at whenever something is mounted or unmounted.</summary>
    public static Task WhileAsync(Func<bool> condition, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () => Wait(condition, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Wait(Func<bool> condition, CancellationToken cancellationToken)
    {
        // Opened before the first look: what changes after that is told.
        using var table = System.IO.File.OpenHandle(File);
        while (condition())
        {
            do
                cancellationToken.ThrowIfCancellationRequested();
            while (!HasChanged(table));
        }
    }

    private static bool HasChanged(SafeFileHandle table)
    {
        var entry = new Posix.PollEntry { File = (int)table.DangerousGetHandle(), Wanted = Posix.PollEntry.Changed };
        return Posix.Poll(ref entry, 1, 250) > 0;
    }
}
