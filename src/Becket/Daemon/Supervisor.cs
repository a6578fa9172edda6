using System.Diagnostics;
using Becket.Attaching;
using Becket.Nbd.Kernel;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Daemon;

/// <summary>
/// The process that stays behind when a command returns: it starts the one that serves, and starts another one when that dies.
/// It holds nothing but the supervisor's lock, so there is little in it that could fail.
/// </summary>
/// <param name="plan">The command line to serve.</param>
/// <param name="source">The source, for people.</param>
internal sealed class Supervisor(DaemonPlan plan, string source)
{
    /// <summary>After a server that lived for so long, the pauses begin anew.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private volatile int _server;
    private volatile bool _isStopping;

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        await using var registration = stopping.Register(Stop);
        using var folder = OpenFolder();
        var serverPlan = plan with
        {
            Id = folder.Id,
            Supervisor = Environment.ProcessId,
            LogFile = DaemonLog.Redirect(plan.LogFile, folder.LogFile),
        };
        var startFolder = Environment.CurrentDirectory;
        Environment.CurrentDirectory = "/";

        var isReady = false;
        for (var failures = 0; ;)
        {
            var started = TimeProvider.System.GetTimestamp();
            using var server = await DaemonStart.StartAsync(DaemonStart.ServerCommand, source, serverPlan, startFolder, NoVariables);
            _server = server.Id;
            if (_isStopping)
                Stop();
            if (await DaemonStart.ReadReportAsync(server, CancellationToken.None) is var report && !isReady)
            {
                isReady = report.Failure is null;
                if (isReady)
                    DaemonStart.LeaveSession();
                else if (plan.Id is null || folder.State is null)
                    await ClearAsync(folder);
                DaemonStart.Report(report);
            }
            await server.WaitForExitAsync(CancellationToken.None);
            // Without a state there is nothing left to serve: it had come to its end.
            if (server.ExitCode == ExitCode.Success || !isReady || _isStopping || folder.State is null)
                return server.ExitCode;

            // Never given up: readers wait in the kernel for a new server, and nobody else would free them.
            failures = TimeProvider.System.GetElapsedTime(started) < Settled ? failures + 1 : 0;
            var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(failures, 20)));
            await LogAsync(server, pause);
            await Task.Delay(pause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_isStopping)
                return ExitCode.Failure;
            // Nobody was there to notice. A kernel device, which others may use too, is for the next server to look after.
            if (folder.State is { Via: AttachmentMethod.Fuse } state && state.IsUnmounted())
            {
                await ClearAsync(folder);
                return ExitCode.Success;
            }
        }
    }

    private StateFolder OpenFolder()
    {
        if (plan.Id is null)
            return StateFolder.Claim(StateLock.Supervisor);
        var folder = StateFolder.Open(plan.Id);
        return folder.TryLock(StateLock.Supervisor) ? folder : throw new CommandException($"{source} is being served already");
    }

    /// <summary>A server that failed has undone what it did; one that was killed has not.</summary>
    private static async Task ClearAsync(StateFolder folder)
    {
        try
        {
            await Leftovers.RemoveAsync(folder, CancellationToken.None);
        }
        catch (Exception e) when (e is CommandException or KernelDeviceException or IOException)
        {
            await Journal.WriteLineAsync(LogLevel.Warning, $"becket: warning: of a process that failed, something is left: {e.Message}");
        }
    }

    private void Stop()
    {
        _isStopping = true;
        if (_server is not 0 and var server)
            _ = Posix.Kill(server, Posix.SigTerm);
    }

    private Task LogAsync(Process server, TimeSpan pause) => Journal.WriteLineAsync(
        LogLevel.Warning,
        $"becket: warning: the process {server.Id} that serves {source} {DaemonStart.HowEnded(server)}; "
        + $"another one starts in {pause.TotalSeconds:0.#} s");
}
