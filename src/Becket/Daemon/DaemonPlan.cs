namespace Becket.Daemon;

/// <summary>
/// What a process that goes to the background is told by the one that starts it, over its standard input: the command line may
/// hold secrets (a presigned URL), and standard input is seen by nobody.
/// </summary>
internal sealed record DaemonPlan
{
    /// <summary>The command line, without the program's name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The attachment's number; null for a new one.</summary>
    public string? Id { get; init; }

    /// <summary>The process that watches over the one that serves.</summary>
    public int? Supervisor { get; init; }

    /// <summary>Where the log goes; null for the journal, or a file in the state folder where there is none.</summary>
    public string? LogFile { get; init; }
}

/// <summary>What it answers over its standard output: one line, then it closes.</summary>
internal sealed record StartReport
{
    /// <summary>Why it did not start; null where it serves now.</summary>
    public string? Failure { get; init; }

    public int ExitCode { get; init; }

    /// <summary>Remarks for the user.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    public string? Device { get; init; }

    public IReadOnlyList<string> Partitions { get; init; } = [];

    public string? MountPoint { get; init; }

    public string? FileSystem { get; init; }
}
