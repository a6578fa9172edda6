namespace Becket.Volumes;

/// <summary>
/// How many reads are with a store at a time: grows while reads are quick, is halved when they get slow. A client such as
/// nbdcopy keeps hundreds of large reads in flight; all of them at once would share a slow line so thinly that each
/// runs into its deadline, and few at once would waste a fast one that is far away. For many threads at once.
/// </summary>
/// <remarks>
/// Additive increase, multiplicative decrease, as TCP does it. Who waits here does not use up the deadline of its request:
/// that clock starts when the request is sent.
/// </remarks>
internal sealed class ReadConcurrency(TimeProvider time) : IDisposable
{
    /// <summary>Before anything is known: 2 MiB of nbdcopy's reads, which a line of 10 Mbit/s carries in two seconds.</summary>
    public const int First = 8;

    /// <summary>As many as there are connections to a server.</summary>
    public const int Most = 64;

    /// <summary>A read below this leaves room for more beside it.</summary>
    public static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);

    /// <summary>A read above this is on its way to its deadline.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(4);

    private readonly SemaphoreSlim _turns = new(First);
    private readonly Lock _lock = new();
    private int _excess; // turns still out that shall not come back
    private long _halved = time.GetTimestamp();

    /// <summary>The number of reads that may be under way now.</summary>
    public int Limit { get; private set; } = First;

    /// <summary>Waits for a turn; what it returns is for <see cref="Leave"/>.</summary>
    public async ValueTask<long> EnterAsync(CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        return time.GetTimestamp();
    }

    /// <summary>Ends a turn, however the read ended, and learns from the time it took.</summary>
    public void Leave(long entered)
    {
        var turns = 1;
        lock (_lock)
        {
            var took = time.GetElapsedTime(entered);
            if (took < Quick && Limit < Most)
            {
                Limit++;
                turns++;
            }
            else if (took > Slow && entered >= _halved && Limit > 1)
            {
                // Once for all the reads that were slow together: those that entered before the last time do not count.
                _excess += Limit - (Limit / 2);
                Limit /= 2;
                _halved = time.GetTimestamp();
            }

            var kept = Math.Min(turns, _excess);
            _excess -= kept;
            turns -= kept;
        }

        if (turns > 0)
            _turns.Release(turns);
    }

    public void Dispose() => _turns.Dispose();
}
