using System.Diagnostics;
using System.Security.Cryptography;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>
/// A filesystem in an image, mounted through nbdfuse and a loop device as one would by hand, listed whole, and a hundred
/// of its files read. Nothing is cached on this side: FUSE mount and loop device are new. What was read is checked.
/// </summary>
internal sealed class LoopMount : IAsyncDisposable
{
    /// <summary>In sectors of 512 bytes: 128 KiB, the kernel's default, set because a machine may have rules of its own.</summary>
    private const string Readahead = "256";

    private readonly RaceRun _run;
    private readonly string _fuse;
    private readonly string _mounted;
    private readonly Dictionary<string, double> _steps = new(StringComparer.Ordinal);
    private RunningProcess? _nbdfuse;
    private string? _loop;

    private LoopMount(RaceRun run)
    {
        _run = run;
        _fuse = Directory.CreateDirectory(Path.Combine(run.Order.Folder, "fuse")).FullName;
        _mounted = Directory.CreateDirectory(Path.Combine(run.Order.Folder, "mounted")).FullName;
    }

    /// <summary>The whole job on a server that runs; in seconds, from the start of nbdfuse to the last byte of the last file.</summary>
    public static async Task<Measurement> MeasureAsync(string row, RaceRun run, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(run.Limits.Mount);
        await using var mount = new LoopMount(run);
        var begin = Stopwatch.GetTimestamp();
        try
        {
            await mount.MountAsync(limit.Token);
            await mount.ReadAsync(limit.Token);
            var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            await mount.CheckAsync(cancellationToken);
            return new Measurement(row, Unit.Seconds, seconds, Outcome.Finished) { Details = mount._steps };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Measurement(row, Unit.Seconds, run.Limits.Mount.TotalSeconds, Outcome.Bounded) { Details = mount._steps };
        }
        catch (IOException e) when (mount._nbdfuse is { HasExited: true } crashed)
        {
            throw new ClientCrashException($"nbdfuse has crashed: {crashed.Words.Trim()}", e);
        }
    }

    /// <summary>Takes everything down in order; waits for a slow server to answer what the kernel has asked for.</summary>
    public async ValueTask DisposeAsync()
    {
        await UnmountAsync(_mounted, "umount", _mounted);
        if (_loop is not null)
            await Tool.TryRunAsync("losetup", "-d", _loop);
        if (_nbdfuse is null)
            return;

        await UnmountAsync(_fuse, "fusermount3", "-u", _fuse);
        await _nbdfuse.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await _nbdfuse.DisposeAsync();
    }

    private static async Task UnmountAsync(string folder, string program, params string[] arguments)
    {
        for (var tries = 0; tries < 120 && IsMountPoint(folder) && !await Tool.TryRunAsync(program, arguments); tries++)
            await Task.Delay(TimeSpan.FromSeconds(0.5));
    }

    private static bool IsMountPoint(string folder) =>
        File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == folder);

    private string Listing => Path.Combine(_run.Order.Folder, "listing");

    private string Copy => Path.Combine(_run.Order.Folder, "copy");

    private async Task MountAsync(CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        var pidFile = Path.Combine(_run.Order.Folder, "nbdfuse.pid");
        var file = Path.Combine(_fuse, "disk.img");
        _nbdfuse = await RunningProcess.StartAsync(
            new ProcessStartInfo("nbdfuse", ["-r", "-P", pidFile, file, _run.Order.Uri]),
            process => File.Exists(pidFile),
            cancellationToken);
        _loop = (await Tool.RunAsync("losetup", ["-r", "-f", "--show", file], cancellationToken)).Trim();
        await Tool.RunAsync("blockdev", ["--setra", Readahead, _loop], cancellationToken);
        await Tool.RunAsync("mount", ["-t", _run.Order.Image.FileSystem, "-o", "ro", _loop, _mounted], cancellationToken);
        _steps["mountSeconds"] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        await Tool.RunAsync("bash", ["-c", """cd "$1" && find . -ls > "$2" """, "find", _mounted, Listing], cancellationToken);
        _steps["findSeconds"] = Stopwatch.GetElapsedTime(begin).TotalSeconds;

        begin = Stopwatch.GetTimestamp();
        const string Concatenate = """cd "$1" && out=$2 && shift 2 && cat "$@" > "$out" """;
        await Tool.RunAsync("bash", ["-c", Concatenate, "cat", _mounted, Copy, .. _run.Tree!.Larger], cancellationToken);
        _steps["catSeconds"] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>A race that read something else than the tree's files has no time.</summary>
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var listed = File.ReadLines(Listing).Count(line => !line.EndsWith("lost+found", StringComparison.Ordinal));
        await using var copy = File.OpenRead(Copy);
        var sum = Convert.ToHexStringLower(await SHA256.HashDataAsync(copy, cancellationToken));
        var (entries, expected) = (_run.Tree!.Entries, _run.Tree.LargerSha256);
        if (listed != entries || sum != expected)
            throw new IOException($"{_run.Order.Image.Key}: {listed} of {entries} entries; files hash to {sum}, not {expected}");
    }
}
