namespace Becket.InteropTests.Processes;

/// <summary>
/// A program and its arguments, not yet started. It runs in a process group of its own, which is killed with everything in it
/// when the time limit or the test ends.
/// </summary>
public sealed record Command(string Program, params IReadOnlyList<string> Arguments)
{
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(1);

    public string WorkingFolder { get; init; } = Path.GetTempPath();

    /// <summary>Variables added to those of the tests; null removes one.</summary>
    public IReadOnlyList<(string Name, string? Value)> Environment { get; init; } = [];

    /// <summary>Runs a line of shell.</summary>
    public static Command Shell(string line) => new("bash", "-c", line);

    public RunningProcess Start() => RunningProcess.Start(this);

    /// <summary>Runs to the end, whatever it is.</summary>
    public async Task<ProcessOutcome> RunAsync(CancellationToken cancellationToken)
    {
        await using var process = Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            return await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No end after {TimeLimit.TotalSeconds} s: {this}\n{process.Output}{process.Errors}", e);
        }
    }

    /// <summary>Runs to the end, which has to be exit status 0.</summary>
    public Task<ProcessOutcome> SucceedAsync(CancellationToken cancellationToken) => EndWithAsync(0, cancellationToken);

    /// <summary>Runs to the end, which has to be this exit status.</summary>
    public async Task<ProcessOutcome> EndWithAsync(int exitCode, CancellationToken cancellationToken)
    {
        var outcome = await RunAsync(cancellationToken);
        Assert.True(
            outcome.ExitCode == exitCode,
            $"Exit status {outcome.ExitCode} instead of {exitCode}: {this}\n{outcome.Output}{outcome.Errors}");
        return outcome;
    }

    public override string ToString() => $"{Program} {string.Join(' ', Arguments)}";
}

/// <summary>How a process ended and what it said.</summary>
public sealed record ProcessOutcome(int ExitCode, string Output, string Errors);
