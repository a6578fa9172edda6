namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// A store in simulated time: a latency to the first byte, then bodies that share a line, each at most as fast as a connection.
/// Deterministic: what happens at the same moment happens in the order in which it was asked for.
/// </summary>
internal sealed class ModelStore(double latency, double connection, double line)
{
    private readonly PriorityQueue<Action, (double Time, long Order)> _timed = new();
    private readonly PriorityQueue<Action, (double Progress, long Order)> _streamed = new();
    private double _progress; // bytes that a body has received that was there from the start
    private double _progressed; // when that was
    private int _bodies;
    private long _order;

    /// <summary>Microseconds.</summary>
    public double Now { get; private set; }

    private double Rate => Math.Min(connection, line / _bodies);

    public void At(double time, Action action) => _timed.Enqueue(action, (time, _order++));

    /// <summary>Opens a body of some length; tells when its first byte is there and when it has ended.</summary>
    public Body Get(long length, Action begun, Action ended)
    {
        var body = new Body();
        At(Now + latency, () =>
        {
            body.Start = _progress;
            _bodies++;
            begun();
            foreach (var (bytes, action) in body.Waiting)
                WhenArrived(body, bytes, action);
            WhenArrived(body, length, () =>
            {
                _bodies--;
                body.Ended = true;
                ended();
            });
        });
        return body;
    }

    /// <summary>Whether so many bytes of a body are there.</summary>
    public bool HasArrived(Body body, long bytes) => body.Ended || body.Start + bytes <= _progress + 1e-6;

    /// <summary>Does something when so many bytes of a body are there.</summary>
    public void WhenArrived(Body body, long bytes, Action action)
    {
        if (double.IsNaN(body.Start))
            body.Waiting.Add((bytes, action));
        else
            _streamed.Enqueue(action, (body.Start + bytes, _order++));
    }

    /// <summary>Lets time pass to the next thing that happens; false when nothing will.</summary>
    public bool Step()
    {
        var arrival = double.PositiveInfinity;
        if (_streamed.TryPeek(out _, out var next))
            arrival = next.Progress <= _progress ? Now : _progressed + ((next.Progress - _progress) / Rate);
        if (_timed.TryPeek(out _, out var timed) && timed.Time <= arrival)
        {
            Advance(timed.Time);
            _timed.Dequeue()();
            return true;
        }

        if (double.IsPositiveInfinity(arrival))
            return false;
        Advance(arrival);
        _progress = Math.Max(_progress, next.Progress);
        _streamed.Dequeue()();
        return true;
    }

    private void Advance(double time)
    {
        if (_bodies > 0)
            _progress += (time - _progressed) * Rate;
        _progressed = time;
        Now = time;
    }

    internal sealed class Body
    {
        /// <summary>The progress of the line at the first byte; not a number before.</summary>
        public double Start { get; set; } = double.NaN;

        public bool Ended { get; set; }

        public List<(long Bytes, Action Action)> Waiting { get; } = [];
    }
}
