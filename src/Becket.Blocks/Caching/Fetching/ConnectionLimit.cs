namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// How many GETs are with a store at a time: grows while they are quick, is halved when they get slow. All at once would
/// share a slow line so thinly that each runs into its deadline; few at once would waste a fast one that is far away. Additive
/// increase, multiplicative decrease, as TCP does it. Not thread-safe.
/// </summary>
internal sealed class ConnectionLimit(int most)
{
    /// <summary>Before anything is known: 8 MiB, which a line of 10 Mbit/s carries within the deadline.</summary>
    public const int First = 8;

    /// <summary>A GET below this leaves room for more beside it.</summary>
    public static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);

    /// <summary>A GET above this is on its way to its deadline.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(4);

    private int _forbearance; // GETs that were slow together count once

    public int Current { get; private set; } = Math.Min(First, most);

    /// <summary>Learns from a GET that has ended and returns the new limit.</summary>
    public int Learn(TimeSpan took, bool succeeded)
    {
        if (_forbearance > 0)
            _forbearance--;
        if (took > Slow && _forbearance == 0 && Current > 1)
        {
            _forbearance = Current;
            Current /= 2;
        }
        else if (succeeded && took < Quick && Current < most)
        {
            Current++;
        }
        return Current;
    }
}
