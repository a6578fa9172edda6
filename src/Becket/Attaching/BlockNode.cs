using System.Globalization;

namespace Becket.Attaching;

/// <summary>
/// A block device of the kernel, as <c>/sys/block</c> shows it: its partitions, its limits, and whether anybody uses it. Holds
/// nothing open; every answer is of the moment.
/// </summary>
internal sealed class BlockNode(string path)
{
    /// <summary>The hidden command that another process is started with to <see cref="Prepare"/> it.</summary>
    public const string PrepareCommand = "prepare-disk";

    private const int SectorSize = 512;

    /// <summary>
    /// As far as Becket itself reads ahead of a single stream at once; the kernel's own 128 KiB would be asked for piece by piece.
    /// </summary>
    private const int ReadAheadKilobytes = 1024;

    /// <summary>The device and its partitions appear within moments, or not at all.</summary>
    private static readonly TimeSpan NodePatience = TimeSpan.FromSeconds(5);

    /// <summary>Two that look at once would take each other for a user.</summary>
    private readonly Lock _looking = new();

    /// <summary>Such as <c>/dev/nbd0</c>.</summary>
    public string Path { get; } = path;

    /// <summary>Whether whoever attached it has prepared it, too.</summary>
    public bool IsPrepared { get; init; }

    public string Name => System.IO.Path.GetFileName(Path);

    private string Folder => $"/sys/block/{Name}";

    /// <summary>Whether the kernel knows a device of this name.</summary>
    public bool IsThere => Directory.Exists(Folder);

    /// <summary>Bytes; 0 where the device is not there or holds nothing.</summary>
    public long Size => ReadNumber($"{Folder}/size") * SectorSize;

    /// <summary>The partitions that the kernel has found, in the order of their numbers.</summary>
    public IReadOnlyList<Partition> Partitions()
    {
        if (!IsThere)
            return [];
        return [.. Directory.GetDirectories(Folder, $"{Name}*")
            .Where(static folder => File.Exists($"{folder}/partition"))
            .Select(static folder => new Partition(
                (int)ReadNumber($"{folder}/partition"),
                $"/dev/{System.IO.Path.GetFileName(folder)}",
                ReadNumber($"{folder}/size") * SectorSize))
            .OrderBy(static partition => partition.Number)];
    }

    /// <summary>
    /// Has the device prepared, by another process: one that serves it could not be killed while it waits for itself. Waits until there is
    /// a node in /dev for it and for each of its partitions. Where nobody makes nodes, as in a container, it makes them itself.
    /// </summary>
    /// <returns>The nodes that were made, for <see cref="RemoveNodes"/>.</returns>
    public async Task<IReadOnlyList<string>> SettleAsync(CancellationToken cancellationToken)
    {
        var made = new List<string>();
        await NodeAsync(Path, Folder, made, cancellationToken);
        if (!IsPrepared)
            await SystemCommand.RunAsync(Environment.ProcessPath!, [PrepareCommand, Path], cancellationToken);
        // Small kernels cannot read partition tables, or not of every kind, but can be told what is in them.
        if (Partitions().Count == 0)
            await SystemCommand.RunAsync("partx", ["--add", Path], cancellationToken);
        await DeviceEvents.SettleAsync(cancellationToken);
        foreach (var partition in Partitions())
            await NodeAsync(partition.Path, $"{Folder}/{System.IO.Path.GetFileName(partition.Path)}", made, cancellationToken);
        return made;
    }

    public static void RemoveNodes(IEnumerable<string> nodes)
    {
        foreach (var node in nodes)
            File.Delete(node);
    }

    /// <summary>
    /// Raises what the kernel reads ahead and asks for at once: Becket answers long requests best, and each short one costs a
    /// round through the kernel. Then opens and closes the device, on which the kernel looks for partitions. All of it may wait for whoever
    /// serves the device.
    /// </summary>
    public void Prepare()
    {
        TryWrite($"{Folder}/queue/read_ahead_kb", ReadAheadKilobytes);
        TryWrite($"{Folder}/queue/max_sectors_kb", Math.Min(ReadNumber($"{Folder}/queue/max_hw_sectors_kb"), 4096));
        Posix.Open(Path, Posix.OpenToLook, 0).Dispose();
    }

    /// <summary>
    /// Who uses the device or a partition of it, in words for a refusal; null where nobody does. A mount, swap or device-mapper
    /// target holds it exclusively; a plain reader does not count, as the kernel cannot tell it from udev looking. Thread-safe.
    /// </summary>
    public string? FindUser()
    {
        // Who uses a partition makes the whole device busy, and the other way round: first all of them, then the one that can be named.
        List<string> busy;
        lock (_looking)
            busy = [.. ((string[])[Path, .. Partitions().Select(static partition => partition.Path)]).Where(IsBusy)];
        if (Mounting.MountTable.Read().FirstOrDefault(mount => busy.Contains(mount.Source)) is { } mount)
            return $"{mount.Source} is mounted on {mount.Target}";
        foreach (var node in busy)
        {
            var holders = $"/sys/class/block/{System.IO.Path.GetFileName(node)}/holders";
            if (Directory.Exists(holders) && Directory.GetFileSystemEntries(holders) is [var holder, ..])
                return $"{node} is used by /dev/{System.IO.Path.GetFileName(holder)}";
        }
        return busy is [var any, ..] ? $"{any} is in use (mounted in another place or container, or as swap)" : null;
    }

    private static bool IsBusy(string node)
    {
        using var claimed = Posix.Open(node, Posix.OpenExclusively, 0);
        return claimed.IsInvalid && Posix.LastError == Posix.Busy;
    }

    private static async Task NodeAsync(string node, string folder, List<string> made, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!File.Exists(node))
        {
            // Where devtmpfs is mounted the node comes by itself, a moment after the folder in /sys.
            if (!IsDeviceFileSystem() || TimeProvider.System.GetElapsedTime(started) > NodePatience)
            {
                Make(node, folder);
                made.Add(node);
                return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
    }

    private static bool IsDeviceFileSystem() => Mounting.MountTable.At("/dev")?.Type == "devtmpfs";

    private static void Make(string node, string folder)
    {
        var numbers = File.ReadAllText($"{folder}/dev").Trim().Split(':');
        var device = Posix.DeviceNumber(
            uint.Parse(numbers[0], CultureInfo.InvariantCulture), uint.Parse(numbers[1], CultureInfo.InvariantCulture));
        if (Posix.MakeNode(node, Posix.BlockNodeMode, device) < 0)
            throw new CommandException($"there is no {node}, and it cannot be made: {Posix.LastErrorText}");
    }

    private static long ReadNumber(string file)
    {
        try
        {
            return long.Parse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>A limit that cannot be set leaves a slower device, and no reason to have none.</summary>
    private static void TryWrite(string file, long value)
    {
        try
        {
            File.WriteAllText(file, value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Read-only /sys, as in a container.
        }
    }
}

/// <summary>A partition: its number, its node such as <c>/dev/nbd0p2</c>, its size in bytes.</summary>
internal sealed record Partition(int Number, string Path, long Size);
