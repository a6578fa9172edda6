namespace Becket.Objects;

/// <summary>
/// How long and how often a request is tried. The deadline is for the whole request: all attempts, the pauses between
/// them and the whole body.
/// </summary>
public sealed record RetryPolicy
{
    /// <summary>Attempts per request, the first included. Requests are a user's bill.</summary>
    public int MaximumAttempts { get; init; } = 16;

    /// <summary>
    /// Below the 30 s after which the Linux kernel gives up on a block request, so that it hears from us first. Starts with the
    /// opening of a range; the time that the body's reader takes counts as well.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// Attempts at looking an object up. Few: somebody sits in front of it and waits, and a mistyped address is likelier
    /// than a store that just restarts.
    /// </summary>
    public int HeadAttempts { get; init; } = 4;

    /// <summary>The deadline of looking an object up, for the same reason.</summary>
    public TimeSpan HeadDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An attempt that yields nothing for so long, no answer or no further bytes, is abandoned.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>What an upload must at least achieve, in bytes per second; its deadlines are extended by the time this takes.</summary>
    public long MinimumUploadRate { get; init; } = 1024 * 1024;

    /// <summary>The longest pause after the first failure; doubled with each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Where the doubling ends.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// How often a read is sent again after answers that cannot be right (<see cref="ObjectStoreException.IsDoubtful"/>). Few: a proxy may
    /// mend in a moment, but of a store that cannot do better its user has to hear soon.
    /// </summary>
    public int MaximumDoubts { get; init; } = 3;

    /// <summary>The longest pause after the first such answer; doubled with each further one. Three pauses take 2.1 s to 2.8 s.</summary>
    public TimeSpan FirstDoubtPause { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>The jitter's source. A seeded one is not thread-safe: for tests, one request at a time.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>The ordinary policy with another deadline, and with as many attempts more as a longer one has room for.</summary>
    public static RetryPolicy Within(TimeSpan deadline)
    {
        var ordinary = new RetryPolicy();
        return ordinary with
        {
            Deadline = deadline,
            MaximumAttempts = Math.Max(ordinary.MaximumAttempts, (int)(ordinary.MaximumAttempts * (deadline / ordinary.Deadline))),
        };
    }

    /// <summary>
    /// How long to wait after a failed attempt: "full jitter", anything between nothing and the doubled bound, so that
    /// clients that failed together do not come back together; but at least what the store asked for.
    /// </summary>
    /// <param name="attempt">The attempt that failed; the first is 1.</param>
    /// <param name="retryAfter">What the store asked for.</param>
    public TimeSpan Pause(int attempt, TimeSpan? retryAfter)
    {
        var bound = FirstPause * Math.Pow(2, Math.Min(attempt - 1, 30));
        var jittered = (bound < LongestPause ? bound : LongestPause) * Random.NextDouble();
        return retryAfter is { } asked && asked > jittered ? asked : jittered;
    }

    /// <summary>
    /// How long to wait after an answer that cannot be right: between three quarters of the doubled bound and all of it. Not "full jitter":
    /// the few attempts have to be spread, or they all meet the same moment.
    /// </summary>
    /// <param name="doubt">The number of such answers; the first is 1.</param>
    public TimeSpan DoubtPause(int doubt) => FirstDoubtPause * Math.Pow(2, Math.Min(doubt - 1, 30)) * (0.75 + (0.25 * Random.NextDouble()));
}
