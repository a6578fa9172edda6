namespace Becket.Objects;

/// <summary>
/// A purse of second GETs (token bucket): every opening puts <see cref="HedgePolicy.Share"/> of one in, up to
/// <see cref="HedgePolicy.Burst"/>. Over any number of openings no more are spent than were put in, and the first few. For
/// many threads at once.
/// </summary>
internal sealed class HedgeBudget(HedgePolicy policy)
{
    private readonly Lock _lock = new();
    private double _left = policy.FirstBurst;

    public void Earn()
    {
        lock (_lock)
            _left = Math.Min(_left + policy.Share, policy.Burst);
    }

    /// <summary>Spends one; false where there is no whole one.</summary>
    public bool TrySpend()
    {
        lock (_lock)
        {
            if (_left < 1)
                return false;
            _left--;
            return true;
        }
    }
}
