using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// What a client has sent and nobody has looked at yet. Belongs to the connection's thread. Taking from it never waits;
/// <see cref="Fill"/> and receiving a payload do.
/// </summary>
internal sealed class ReceiveBuffer(NbdTransport transport, ClientPace client, int capacity)
{
    /// <summary>Pinned: the collector does not move it and so touches none of the pages that a client of reads never fills.</summary>
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
    private int _start;
    private int _end;

    public int Buffered => _end - _start;

    /// <summary>Takes the next request if all of it is here; false: <see cref="Fill"/> first.</summary>
    public bool TryTakeRequest(out NbdRequest request)
    {
        if (Buffered < NbdRequest.Size)
        {
            request = default;
            return false;
        }

        if (!NbdRequest.TryRead(_buffer.AsSpan(_start, NbdRequest.Size), out request))
            throw new ConnectionEndedException("the client sent a request with a wrong magic number");

        _start += NbdRequest.Size;
        return true;
    }

    /// <summary>Waits for more, without a limit only between requests; false: the client sends no more.</summary>
    public bool Fill()
    {
        _buffer.AsSpan(_start, Buffered).CopyTo(_buffer);
        (_start, _end) = (0, Buffered);

        var free = _buffer.AsSpan(_end);
        var received = Buffered == 0 ? transport.Receive(free) : transport.ReceiveAnnounced(free);
        _end += received;
        if (received == 0 && Buffered > 0)
            throw new ConnectionEndedException("the client left in the middle of a request");

        return received > 0;
    }

    /// <summary>Fills the destination with the bytes that come next.</summary>
    public void ReceiveExactly(Span<byte> destination)
    {
        var buffered = Math.Min(Buffered, destination.Length);
        _buffer.AsSpan(_start, buffered).CopyTo(destination);
        _start += buffered;

        for (destination = destination[buffered..]; !destination.IsEmpty;)
            destination = destination[ReceiveSome(destination)..];
    }

    /// <summary>Throws away the bytes that come next.</summary>
    public void Skip(long count)
    {
        var buffered = (int)Math.Min(Buffered, count);
        _start += buffered;
        count -= buffered;
        if (count == 0)
            return;

        // The buffer is empty now and serves as the bin.
        (_start, _end) = (0, 0);
        while (count > 0)
            count -= ReceiveSome(_buffer.AsSpan(0, (int)Math.Min(count, _buffer.Length)));
    }

    private int ReceiveSome(Span<byte> destination)
    {
        var received = client.ReceiveAnnounced(destination);
        return received > 0 ? received : throw new ConnectionEndedException("the client left in the middle of a write");
    }
}
