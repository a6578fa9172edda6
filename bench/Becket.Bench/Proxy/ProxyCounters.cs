using System.Text.Json;
using System.Text.Json.Serialization;

namespace Becket.Bench.Proxy;

/// <summary>What has gone through a proxy since it was last reset. Safe from any thread.</summary>
internal sealed class ProxyCounters
{
    private long _requests;
    private long _gets;
    private long _bytes;
    private long _getBytes;
    private int _inFlight;
    private int _peak;

    public void Begin(string method)
    {
        Interlocked.Increment(ref _requests);
        if (method == "GET")
            Interlocked.Increment(ref _gets);

        var now = Interlocked.Increment(ref _inFlight);
        for (var peak = Volatile.Read(ref _peak); now > peak;)
            peak = Interlocked.CompareExchange(ref _peak, now, peak) is var seen && seen == peak ? now : seen;
    }

    /// <summary>Counts bytes of an answer's body, when they have been handed to the client's socket.</summary>
    public void Add(string method, long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        if (method == "GET")
            Interlocked.Add(ref _getBytes, bytes);
    }

    public void End() => Interlocked.Decrement(ref _inFlight);

    public ProxyCounts Read() => new(
        Interlocked.Read(ref _requests), Interlocked.Read(ref _gets), Interlocked.Read(ref _bytes), Interlocked.Read(ref _getBytes),
        Volatile.Read(ref _inFlight), Volatile.Read(ref _peak));

    /// <summary>Sets everything back but what is under way, which ends later.</summary>
    public ProxyCounts ReadAndReset()
    {
        var inFlight = Volatile.Read(ref _inFlight);
        return new ProxyCounts(
            Interlocked.Exchange(ref _requests, 0), Interlocked.Exchange(ref _gets, 0), Interlocked.Exchange(ref _bytes, 0),
            Interlocked.Exchange(ref _getBytes, 0), inFlight, Interlocked.Exchange(ref _peak, inFlight));
    }
}

/// <summary>Requests, bytes of bodies, and how many requests were under way: now and at most.</summary>
internal sealed record ProxyCounts(long Requests, long Gets, long Bytes, long GetBytes, int InFlight, int PeakInFlight)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
    };
}
