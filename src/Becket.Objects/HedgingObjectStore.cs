namespace Becket.Objects;

/// <summary>
/// A store over another one that does not wait for the slowest answers: an opening that is late for this store gets a second,
/// identical GET beside it, and the first good answer wins (README, invariants 11 and 12). Stands below
/// <see cref="RetryingObjectStore"/>: what fails is not tried again here. Owns the store below.
/// </summary>
/// <remarks>
/// Only the wait for an answer is hedged. A body that hangs is the retry layer's, which goes on from the byte it reached.
/// </remarks>
public sealed partial class HedgingObjectStore : ObjectStoreFilter
{
    private readonly HedgePolicy _policy;
    private readonly TimeProvider _time;
    private readonly LatencyHistogram _latencies;
    private readonly HedgeBudget _budget;
    private readonly Losers _losers = new();
    private long _hedges;
    private long _hedgesWon;

    public HedgingObjectStore(IObjectStore inner, HedgePolicy policy, TimeProvider time)
        : base(inner)
    {
        (_policy, _time) = (policy, time);
        _latencies = new LatencyHistogram(policy.Memory);
        _budget = new HedgeBudget(policy);
    }

    /// <summary>Second GETs that were sent.</summary>
    public long Hedges => Interlocked.Read(ref _hedges);

    /// <summary>Of those, the ones whose answer came first.</summary>
    public long HedgesWon => Interlocked.Read(ref _hedgesWon);

    public override async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        _budget.Earn();
        using var first = new Attempt(this, pin, range, cancellationToken);
        if (!first.Answer.IsCompleted && Patience() is { } patience)
        {
            await ((Task)first.Answer).WaitAsync(patience, _time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!first.Answer.IsCompleted && _budget.TrySpend())
                return await RaceAsync(first, pin, range, cancellationToken);
        }

        var body = await first.Answer;
        _latencies.Add(first.Age);
        return body;
    }

    /// <summary>How long to wait for an answer before a second GET; null while too few openings are known.</summary>
    private TimeSpan? Patience()
    {
        if (_latencies.Count < _policy.FirstSamples)
            return null;
        var late = _latencies.Percentile(_policy.Percentile);
        var usual = _latencies.Percentile(0.5) * _policy.Medians;
        var longer = late > usual ? late : usual;
        return longer > _policy.Floor ? longer : _policy.Floor;
    }

    private async Task<Stream> RaceAsync(Attempt first, ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _hedges);
        using var second = new Attempt(this, pin, range, cancellationToken);
        var ahead = await Task.WhenAny(first.Answer, second.Answer) == first.Answer ? first : second;
        var behind = ahead == first ? second : first;

        // A failure does not win while the other may still succeed. If both fail, the earlier one is told.
        if (!ahead.Answer.IsCompletedSuccessfully)
        {
            await ((Task)behind.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (behind.Answer.IsCompletedSuccessfully)
                (ahead, behind) = (behind, ahead);
        }

        if (ahead.Answer.IsCompletedSuccessfully)
        {
            // The loser's age counts as well, though its answer would have taken longer yet: a store's slowest openings are
            // the ones that lose, and without them every other one would soon seem late.
            _latencies.Add(ahead.Age);
            _latencies.Add(behind.Age);
            if (ahead == second)
                Interlocked.Increment(ref _hedgesWon);
        }
        _losers.Discard(behind);
        return await ahead.Answer;
    }

    /// <summary>Waits for the GETs that lost, which end by their cancellation.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _losers.DisposeAsync();
        await base.DisposeAsync();
    }
}
