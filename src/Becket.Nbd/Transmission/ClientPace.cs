namespace Becket.Nbd.Transmission;

/// <summary>
/// How a client gets on with bytes for which memory is held: replies that it is to take, writes that it has announced. Whether it
/// is the client or the device that is waited for tells who is to blame for the wait. Any thread may call any member.
/// </summary>
internal sealed class ClientPace(NbdTransport transport, ConnectionLifetime lifetime)
{
    /// <summary>A send that does not end says nothing about how far it is, so there are many short ones.</summary>
    private const int Stride = 64 * 1024;

    private long _moved;
    private int _waits;

    /// <summary>Bytes that the kernel has taken for the client, or received from it, since it came.</summary>
    public long Moved => Volatile.Read(ref _moved);

    /// <summary>Bytes that the client itself has taken or sent, give or take a stride.</summary>
    public long Reached => Moved - transport.Unsent;

    /// <summary>Whether something waits for the client now that need not wait for ever.</summary>
    public bool IsAwaited => lifetime.EndsForOthers && Volatile.Read(ref _waits) > 0;

    /// <summary>Sends all of it; whoever calls holds the sending lock.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        Interlocked.Increment(ref _waits);
        try
        {
            while (!data.IsEmpty)
            {
                var stride = data[..Math.Min(data.Length, Stride)];
                transport.Send(stride);
                Interlocked.Add(ref _moved, stride.Length);
                data = data[stride.Length..];
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waits);
        }
    }

    /// <summary>Waits for some bytes of a request whose beginning has arrived; 0: the client sends no more.</summary>
    public int ReceiveAnnounced(Span<byte> buffer)
    {
        Interlocked.Increment(ref _waits);
        try
        {
            var received = transport.ReceiveAnnounced(buffer);
            Interlocked.Add(ref _moved, received);
            return received;
        }
        finally
        {
            Interlocked.Decrement(ref _waits);
        }
    }

    /// <summary>Ends the connection.</summary>
    public void End(string reason) => lifetime.Abort(reason);
}
