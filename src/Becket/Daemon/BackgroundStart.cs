namespace Becket.Daemon;

/// <summary>Starts the supervisor of an attachment and waits until it can be used.</summary>
internal static class BackgroundStart
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(3);

    /// <param name="plan">The command line to serve.</param>
    /// <param name="source">The source, for people.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="environment">Variables to be set where they are not.</param>
    /// <param name="stopping">Gives up, and takes back what was begun.</param>
    public static async Task<StartReport> RunAsync(
        DaemonPlan plan, string source, string folder, IReadOnlyDictionary<string, string> environment, CancellationToken stopping)
    {
        // What a script has open, such as a lock, must not stay open for as long as the mount does.
        _ = Posix.CloseRange(3, uint.MaxValue, Posix.CloseOnExec);
        using var supervisor = await DaemonStart.StartAsync(DaemonStart.SupervisorCommand, source, plan, folder, environment);
        await using var registration = stopping.Register(() => _ = Posix.Kill(supervisor.Id, Posix.SigTerm));
        var reading = DaemonStart.ReadReportAsync(supervisor, CancellationToken.None);
        if (await Task.WhenAny(reading, Task.Delay(Long, CancellationToken.None)) != reading)
            await Console.Error.WriteLineAsync($"becket: opening {source} ...");
        var report = await reading;
        if (report.Failure is not null)
            await supervisor.WaitForExitAsync(CancellationToken.None); // nothing is left when the command has returned
        stopping.ThrowIfCancellationRequested();
        foreach (var remark in report.Remarks)
            await Console.Error.WriteLineAsync($"becket: {remark}");
        return report;
    }
}
