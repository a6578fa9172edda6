using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Becket.Bench.Compare.Setting;

/// <summary>CPU seconds of a process, in steps of 10 ms, and the most memory it had, in bytes.</summary>
internal readonly record struct ProcessUsage(double CpuSeconds, long PeakMemory);

/// <summary>A program that runs until it is disposed: with SIGTERM first, then with SIGKILL. What it said is kept for errors.</summary>
internal sealed partial class RunningProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly double TicksPerSecond = SystemConfiguration(ClockTicks);

    private const int ClockTicks = 2;
    private const int SigTerm = 15;
    private const int WordsKept = 2000;

    private readonly Process _process;
    private readonly Lock _gate = new();
    private string _words = "";

    private RunningProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it has printed, the end of it.</summary>
    public string Words
    {
        get
        {
            lock (_gate)
                return _words;
        }
    }

    /// <summary>What it has used since its start; nothing once it has ended (some servers die of a client that was cut off).</summary>
    public ProcessUsage Usage
    {
        get
        {
            try
            {
                var text = File.ReadAllText($"/proc/{_process.Id}/stat");
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
                var peak = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
                var kibibytes = long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
                return new ProcessUsage(ticks / TicksPerSecond, kibibytes * 1024);
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                return default;
            }
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program and waits until it is ready, which shows in its words or in the files that it makes.</summary>
    public static async Task<RunningProcess> StartAsync(
        ProcessStartInfo start, Func<RunningProcess, bool> isReady, CancellationToken cancellationToken)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var process = new RunningProcess(Process.Start(start)!);
        try
        {
            process._process.StandardInput.Close();
            var what = $"{start.FileName} is ready";
            await Tool.WaitUntilAsync(() => process.HasExited || isReady(process), what, StartLimit, cancellationToken);
            if (process.HasExited)
                throw new IOException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended at once: {process.Words}");
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for an end that something else has asked for.</summary>
    public async Task<bool> WaitForExitAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, SigTerm);
            if (!await WaitForExitAsync(StopLimit))
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_gate)
        {
            _words += line + "\n";
            if (_words.Length > WordsKept)
                _words = _words[^WordsKept..];
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint SystemConfiguration(int name);
}
