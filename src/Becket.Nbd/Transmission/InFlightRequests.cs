namespace Becket.Nbd.Transmission;

/// <summary>
/// Counts the requests of one connection that were handed to the device and whose replies are not sent yet, and keeps
/// their number and bytes within bounds. One thread enters; any thread leaves.
/// </summary>
internal sealed class InFlightRequests(int maximumRequests, long maximumBytes)
{
    private readonly object _gate = new();
    private int _requests;
    private long _bytes;
    private bool _aborted;

    /// <summary>How many there are now.</summary>
    public int Count => Volatile.Read(ref _requests);

    /// <summary>Whether nothing waits for the device or to be sent now.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
                return _requests == 0;
        }
    }

    /// <summary>False where the request would have to wait for others.</summary>
    public bool TryEnter(long bytes)
    {
        lock (_gate)
        {
            if (!HasRoom(bytes))
                return false;

            Add(bytes);
            return true;
        }
    }

    /// <summary>Waits until there is room, or throws once the connection is aborted.</summary>
    public void Enter(long bytes)
    {
        lock (_gate)
        {
            while (!_aborted && !HasRoom(bytes))
                Monitor.Wait(_gate);

            if (_aborted)
                throw new ConnectionEndedException("aborted");

            Add(bytes);
        }
    }

    public void Leave(long bytes)
    {
        lock (_gate)
        {
            _requests--;
            _bytes -= bytes;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until nothing is in flight; false once the connection is aborted.</summary>
    public bool WaitUntilIdle()
    {
        lock (_gate)
        {
            while (!_aborted && _requests > 0)
                Monitor.Wait(_gate);

            return _requests == 0;
        }
    }

    /// <summary>Waits until nothing is in flight, aborted or not; false once the time is over.</summary>
    public bool WaitUntilIdle(TimeSpan time)
    {
        var end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        lock (_gate)
        {
            while (_requests > 0)
            {
                var left = end - Environment.TickCount64;
                if (left <= 0)
                    return false;

                Monitor.Wait(_gate, (int)left);
            }

            return true;
        }
    }

    /// <summary>Wakes whoever waits.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            _aborted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A request that is alone always fits, or one above the bound would wait for ever.</summary>
    private bool HasRoom(long bytes) => _requests == 0 || (_requests < maximumRequests && _bytes + bytes <= maximumBytes);

    private void Add(long bytes)
    {
        _requests++;
        _bytes += bytes;
    }
}
