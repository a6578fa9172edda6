namespace Becket.Nbd.Transmission;

/// <summary>
/// Ends a connection whose client has had nothing to do with it for a time: no request came, and none was under way. It looks
/// from a timer, so that a request costs no call of the clock; who goes has been silent for the time, or up to a quarter longer.
/// </summary>
/// <remarks>
/// Bytes that make no request do not count. The connection's thread says when it waits for a request and when one has come; while it does
/// anything else, the client is waited for by somebody with a time limit of its own, or waits itself.
/// </remarks>
internal sealed class IdleWatch : IDisposable
{
    private const int Looks = 8;

    private readonly InFlightRequests _inFlight;
    private readonly ConnectionLifetime _lifetime;
    private readonly TimeSpan _patience;
    private readonly ITimer _timer;
    private volatile bool _awaitsRequest;
    private volatile int _requests;
    private int _requestsBefore;
    private int _idleLooks;

    public IdleWatch(InFlightRequests inFlight, ConnectionLifetime lifetime, TimeSpan patience, TimeProvider time)
    {
        _inFlight = inFlight;
        _lifetime = lifetime;
        _patience = patience;
        _timer = time.CreateTimer(_ => Look(), null, patience / Looks, patience / Looks);
    }

    public void RequestAwaited() => _awaitsRequest = true;

    public void RequestCame()
    {
        _awaitsRequest = false;
        _requests++;
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Calls do not overlap by much, and one too many or too few does not matter.</summary>
    private void Look()
    {
        var requests = _requests;
        var isIdle = _awaitsRequest && requests == _requestsBefore && _inFlight.IsEmpty;
        _requestsBefore = requests;
        _idleLooks = isIdle ? _idleLooks + 1 : 0;
        if (_idleLooks > Looks)
            _lifetime.Abort($"the client has asked for nothing for {_patience.TotalSeconds:0.#} s");
    }
}
