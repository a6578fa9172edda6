namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Measures a store's pace from the GETs that run anyway. What a client asked for does not show what a line can carry: only
/// times when several bodies came in together lower the bandwidth, only GETs on a line with room raise the latency. Times
/// are those of any clock that does not go back. Guarded by the cache's lock.
/// </summary>
internal sealed class PaceEstimator
{
    /// <summary>With so many bodies coming in at once it is the line that sets the rate, not the client.</summary>
    public const int Busy = 4;

    /// <summary>The least time that a rate is taken over.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMilliseconds(100);

    /// <summary>What is assumed of a line before it is measured, in bytes per second.</summary>
    public const double FastLine = 2e9;

    private const int LatenciesForAnEstimate = 4;
    private const int RatesForAnEstimate = 4; // the first ones are those of connections that only get going
    private readonly double[] _rates = new double[8];
    private readonly TimeSpan[] _latencies = new TimeSpan[16];
    private int _rateCount;
    private int _latencyCount;
    private int _bodies;
    private TimeSpan _last;
    private Flow _busy;
    private Flow _quiet;

    /// <summary>
    /// The pace of the store; null until its distance is known. A line that bodies never crowded is taken for a fast one: either it
    /// is, or nobody asked for much yet.
    /// </summary>
    public StorePace? Pace => _latencyCount < LatenciesForAnEstimate
        ? null
        : new StorePace(Latency, _rateCount < RatesForAnEstimate ? FastLine : BytesPerSecond);

    /// <summary>The best of the last rates: the others had less to carry.</summary>
    private double BytesPerSecond
    {
        get
        {
            var most = 0.0;
            foreach (var rate in _rates)
                most = Math.Max(most, rate);
            return most;
        }
    }

    /// <summary>The lower quartile of the last latencies: a new connection takes longer, and so does a server's bad moment.</summary>
    private TimeSpan Latency
    {
        get
        {
            Span<TimeSpan> sorted = stackalloc TimeSpan[_latencies.Length];
            sorted = sorted[..Math.Min(_latencyCount, _latencies.Length)];
            _latencies.AsSpan(0, sorted.Length).CopyTo(sorted);
            sorted.Sort();
            return sorted[sorted.Length / 4];
        }
    }

    /// <summary>The first byte of a body is there.</summary>
    /// <param name="now">The time.</param>
    /// <param name="took">From sending the GET to this byte.</param>
    public void Begin(TimeSpan now, TimeSpan took)
    {
        Advance(now);
        // Behind many bodies a first byte queues; that is our own doing, and would make us ask for still more.
        if (_bodies < Busy || _latencyCount == 0 || took < Latency)
            _latencies[_latencyCount++ % _latencies.Length] = took;
        _bodies++;
    }

    /// <summary>Some bytes of a body have arrived. To be told often: a body in one sum says little about when it came.</summary>
    public void Receive(TimeSpan now, long bytes)
    {
        Advance(now);
        if (_bodies >= Busy)
        {
            if (_busy.Take(bytes) is { } rate)
                Note(rate);
        }
        else if (_quiet.Take(bytes) is { } rate && _rateCount >= RatesForAnEstimate && rate > BytesPerSecond)
        {
            Note(rate);
        }
    }

    /// <summary>A body has ended, well or not.</summary>
    public void End(TimeSpan now)
    {
        Advance(now);
        _bodies--;
    }

    private void Note(double rate) => _rates[_rateCount++ % _rates.Length] = rate;

    private void Advance(TimeSpan now)
    {
        var passed = now - _last;
        _last = now;
        if (_bodies >= Busy)
            _busy.Time += passed;
        else if (_bodies > 0)
            _quiet.Time += passed;
    }

    /// <summary>Bytes and the time they took, gaps left out, until that is long enough for a rate.</summary>
    private struct Flow
    {
        public TimeSpan Time;
        private long _bytes;

        public double? Take(long bytes)
        {
            _bytes += bytes;
            if (Time < Span)
                return null;
            var rate = _bytes / Time.TotalSeconds;
            this = default;
            return rate;
        }
    }
}
