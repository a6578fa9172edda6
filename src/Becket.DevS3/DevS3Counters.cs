using System.Collections.Concurrent;

namespace Becket.DevS3;

/// <summary>What a server has seen so far, requests that ended in an error or a fault included. Safe to read at any time.</summary>
public sealed class DevS3Counters
{
    private readonly ConcurrentDictionary<string, long> _byMethod = new(StringComparer.Ordinal);
    private long _requests;
    private long _bytesSent;
    private long _connections;
    private int _inFlight;
    private int _maximumInFlight;

    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Bytes of objects sent in the answers to GETs; what a fault cut off is among them.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>TCP connections accepted.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>The most requests there were at once.</summary>
    public int MaximumInFlight => Volatile.Read(ref _maximumInFlight);

    /// <param name="method">In capitals: <c>GET</c>.</param>
    public long RequestsOf(string method) => _byMethod.GetValueOrDefault(method);

    internal void AddConnection() => Interlocked.Increment(ref _connections);

    internal void AddBytesSent(long count) => Interlocked.Add(ref _bytesSent, count);

    internal void Begin(string method)
    {
        Interlocked.Increment(ref _requests);
        _byMethod.AddOrUpdate(method, 1, static (_, count) => count + 1);
        int now = Interlocked.Increment(ref _inFlight);
        int seen = Volatile.Read(ref _maximumInFlight);
        while (now > seen)
            seen = Interlocked.CompareExchange(ref _maximumInFlight, now, seen) is var found && found == seen ? now : found;
    }

    internal void End() => Interlocked.Decrement(ref _inFlight);
}
