namespace Becket.DevS3;

/// <summary>
/// One thing that goes wrong, and with which requests. A rule looks only at requests that can show its fault: a body that
/// is cut needs a GET, a wrong range needs a request for a range.
/// </summary>
public sealed record FaultRule(FaultKind Kind)
{
    /// <summary>How many of the requests meet the fault, from 0 to 1; drawn from the seed of <see cref="DevS3Faults"/>.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>After this many faults the rule has no more effect; null: it goes on.</summary>
    public int? Times { get; init; }

    /// <summary>This many requests pass before the rule begins.</summary>
    public int After { get; init; }

    /// <summary>Only requests of this method, in capitals; null: all.</summary>
    public string? Method { get; init; }

    /// <summary>Only objects of this key, or with a <c>*</c> at its end those that start so; null: all.</summary>
    public string? Key { get; init; }

    /// <summary>Only requests that are signed with this access key; null: all.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The least time that <see cref="FaultKind.Latency"/> takes.</summary>
    public TimeSpan MinimumLatency { get; init; }

    /// <summary>The most time that <see cref="FaultKind.Latency"/> takes.</summary>
    public TimeSpan MaximumLatency { get; init; }

    /// <summary>
    /// What <see cref="FaultKind.SlowDown"/> and <see cref="FaultKind.TooManyRequests"/> say in Retry-After, in whole seconds, as HTTP
    /// has them; null: nothing.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    internal bool Concerns(string method, string key, bool hasRange, string? authorization)
    {
        bool canShow = Kind switch
        {
            FaultKind.ResetInBody or FaultKind.ResetAfterBody or FaultKind.Truncate or FaultKind.Overlong or FaultKind.Stall =>
                method == "GET",
            FaultKind.WrongETag => method is "GET" or "HEAD" && key.Length > 0,
            FaultKind.WrongContentRange or FaultKind.IgnoreRange => method == "GET" && hasRange,
            FaultKind.ReplaceObject or FaultKind.DeleteObject => key.Length > 0,
            _ => true,
        };
        return canShow
            && (AccessKey is null || authorization?.Contains($"Credential={AccessKey}/", StringComparison.Ordinal) == true)
            && (Method is null || Method == method)
            && (Key is null || Key == key || (Key.EndsWith('*') && key.StartsWith(Key[..^1], StringComparison.Ordinal)));
    }
}
