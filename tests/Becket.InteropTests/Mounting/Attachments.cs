using System.Globalization;
using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>
/// becket with a folder of states of its own, below the folder of a test. Disposal takes away by force what a failed test has left:
/// background processes are in sessions of their own, which the end of no other process ends.
/// </summary>
public sealed class Attachments(string folder) : IAsyncDisposable
{
    public string States { get; } = Directory.CreateDirectory(Path.Combine(folder, "run")).FullName;

    /// <summary>A command of becket's that has to do with a source.</summary>
    public Command Command(string verb, Source source, params IEnumerable<string> words) =>
        new(Repository.Becket, [verb, .. source.Arguments, .. words])
        {
            Environment = [.. source.OnlyEnvironment, ("BECKET_RUNTIME_DIR", States), ("SUDO_USER", null)],
        };

    /// <summary>A command about what is attached.</summary>
    public Command Command(string verb, params IEnumerable<string> words) => Command(verb, new Source([], []), words);

    /// <summary>What <c>becket list --json</c> tells.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellationToken)
    {
        var outcome = await Command("list", "--json").SucceedAsync(cancellationToken);
        using var document = JsonDocument.Parse(outcome.Output);
        return [.. document.RootElement.EnumerateArray().Select(static element => element.Clone())];
    }

    /// <summary>Waits until the only attachment is in a state of health.</summary>
    public async Task<JsonElement> WhenHealthIsAsync(string health, CancellationToken cancellationToken)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            if (await ListAsync(cancellationToken) is [var only] && only.GetProperty("health").GetString() == health)
                return only;
            await retry.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>The saved state of the only attachment.</summary>
    public async Task<JsonElement> ReadStateAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(Assert.Single(Directory.GetDirectories(States)), "state.json");
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        return document.RootElement.Clone();
    }

    /// <summary>Kills processes as a crash would, and returns when they have ended.</summary>
    public static async Task KillAsync(CancellationToken cancellationToken, params int[] processes)
    {
        await new Command("kill", ["-9", .. processes.Select(static id => id.ToString(CultureInfo.InvariantCulture))])
            .SucceedAsync(cancellationToken);
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (processes.Any(IsRunning))
            await retry.WaitForNextTickAsync(cancellationToken);
    }

    /// <summary>Everything that is left of becket in the folder of the test, in words.</summary>
    public IReadOnlyList<string> Remains() =>
    [
        .. ProcessIds().Select(static id => $"process {id}"),
        .. Mounts().Select(static mount => $"mount {mount.Source} on {mount.Target}"),
        .. LoopDevices().Select(static device => $"loop device {device}"),
        .. Directory.EnumerateFileSystemEntries(States),
    ];

    /// <summary>Waits for the end of what ends by itself.</summary>
    public async Task WhenNothingIsLeftAsync(CancellationToken cancellationToken)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (Remains().Count > 0)
            await retry.WaitForNextTickAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Remains().Count == 0)
            return;
        foreach (var id in ProcessIds())
            await new Command("kill", "-9", id.ToString(CultureInfo.InvariantCulture)).RunAsync(CancellationToken.None);
        // Whoever waits for an answer that never comes could not even be killed.
        foreach (var mount in Mounts().Where(static mount => mount.Type.StartsWith("fuse", StringComparison.Ordinal)))
        {
            await Shell(
                "mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections; "
                + $"echo 1 > /sys/fs/fuse/connections/{mount.Minor}/abort");
        }
        foreach (var device in LoopDevices())
        {
            await Shell(
                $"for target in $(findmnt -rno TARGET -S {device}; findmnt -rno TARGET | grep -F '{folder}/'); "
                + $"do umount -l $target; done; losetup -d {device}");
        }
        foreach (var mount in Mounts().Reverse())
            await Shell($"umount -l '{mount.Target}'");
    }

    private static Task<ProcessOutcome> Shell(string line) => Processes.Command.Shell(line).RunAsync(CancellationToken.None);

    /// <summary>Those that were started with this folder of states. Who has ended and was not collected has no environment.</summary>
    public IReadOnlyList<int> ProcessIds()
    {
        var found = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out var id) && HasOurFolder(process))
                found.Add(id);
        }
        return found;
    }

    /// <summary>Those of them with a word on their command line.</summary>
    public int[] ProcessIds(string word) =>
        [.. ProcessIds().Where(id => WordsIn($"/proc/{id}/cmdline").Contains(word))];

    private bool HasOurFolder(string process) => WordsIn($"{process}/environ").Contains($"BECKET_RUNTIME_DIR={States}");

    private static string[] WordsIn(string file)
    {
        try
        {
            return File.ReadAllText(file).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // it has just ended
        }
    }

    private IReadOnlyList<(string Source, string Target, string Type, string Minor)> Mounts() =>
    [
        .. File.ReadAllLines("/proc/self/mountinfo").Select(static line => line.Split(' '))
            .Where(fields => fields[4].StartsWith($"{folder}/", StringComparison.Ordinal))
            .Select(static fields => (
                fields[Array.IndexOf(fields, "-") + 2], fields[4], fields[Array.IndexOf(fields, "-") + 1], fields[2].Split(':')[1])),
    ];

    private List<string> LoopDevices()
    {
        var found = new List<string>();
        foreach (var device in Directory.EnumerateFileSystemEntries("/sys/block", "loop*"))
        {
            var file = Path.Combine(device, "loop/backing_file");
            if (File.Exists(file) && File.ReadAllText(file).StartsWith($"{States}/", StringComparison.Ordinal))
                found.Add($"/dev/{Path.GetFileName(device)}");
        }
        return found;
    }

    /// <summary>Its first thread may have ended before the others, who have its files open until they end, too.</summary>
    private static bool IsRunning(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id}/stat");
            return status[status.LastIndexOf(')') + 2] != 'Z' || Directory.GetDirectories($"/proc/{id}/task").Length > 1;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
