namespace Becket.Nbd;

/// <summary>The moment by which something that takes several steps must be over, counted by a monotonic clock.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(long end) => _end = end;

    public static Deadline After(TimeSpan time) => new(Environment.TickCount64 + (long)time.TotalMilliseconds);

    /// <summary>At least 1: sockets take 0 for "no limit". Throws once nothing is left.</summary>
    public int RemainingMilliseconds()
    {
        var left = _end - Environment.TickCount64;
        return left > 0 ? (int)Math.Min(left, int.MaxValue) : throw Stalled();
    }

    public static ConnectionEndedException Stalled() => new("the client stalled in the handshake");
}
