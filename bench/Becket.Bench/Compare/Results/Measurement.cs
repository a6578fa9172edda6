using System.Text.Json.Serialization;

namespace Becket.Bench.Compare.Results;

/// <summary>What a figure is; in a rate more is better, in seconds less.</summary>
internal enum Unit
{
    MegabytesPerSecond,
    Iops,
    Seconds,
}

/// <summary>How a race went.</summary>
internal enum Outcome
{
    /// <summary>To its end.</summary>
    Finished,

    /// <summary>Cut off at its time limit: seconds are a lower bound; a rate is what went over the wire until then.</summary>
    Bounded,

    /// <summary>Not at all; the figure means nothing.</summary>
    Failed,
}

/// <summary>One figure of one race.</summary>
internal sealed record Measurement(string Row, Unit Unit, double Value, Outcome Outcome)
{
    public string Peer { get; init; } = "";

    public int Round { get; init; }

    /// <summary>-1: the store is not part of the race.</summary>
    public int LatencyMs { get; init; }

    /// <summary>Requests at the store and bytes of bodies from there, while the race ran and while its server started.</summary>
    public long Requests { get; init; }

    public long Bytes { get; init; }

    /// <summary>The most requests that were under way together.</summary>
    public int PeakRequests { get; init; }

    public double ServerCpuSeconds { get; init; }

    public long ServerPeakMemory { get; init; }

    /// <summary>Parts of the figure and what belongs to it: seconds by step, percentiles in microseconds, operations.</summary>
    public IReadOnlyDictionary<string, double> Details { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Why it failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Failure { get; init; }
}
