namespace Becket.Nbd.Tls;

/// <summary>
/// What <see cref="System.Net.Security.SslStream"/> sees of a client. How long a read waits is said before it, by the thread that
/// receives.
/// </summary>
internal sealed class TlsWire(PlainTransport plain) : BlockingStream
{
    private Deadline? _deadline;
    private bool _isAnnounced;
    private bool _sendsOnlyIfPossible;

    /// <summary>Whether the client sends no more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Reads wait without a limit: between requests a client may be silent.</summary>
    public void ExpectAnytime() => (_deadline, _isAnnounced) = (null, false);

    /// <summary>Reads, all of them together, end at the deadline.</summary>
    public void Expect(Deadline deadline) => (_deadline, _isAnnounced) = (deadline, false);

    /// <summary>Each read waits as long as <see cref="PlainTransport.ReceiveAnnounced"/> does.</summary>
    public void ExpectAnnounced() => (_deadline, _isAnnounced) = (null, true);

    /// <summary>From here on nothing that is sent is waited for.</summary>
    public void SendOnlyIfPossible() => _sendsOnlyIfPossible = true;

    public override int Read(Span<byte> buffer)
    {
        var received = _deadline is { } deadline ? plain.Receive(buffer, deadline)
            : _isAnnounced ? plain.ReceiveAnnounced(buffer)
            : plain.Receive(buffer);
        HasEnded = received == 0 && !buffer.IsEmpty;
        return received;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_sendsOnlyIfPossible)
            plain.SendIfPossible(buffer);
        else
            plain.Send(buffer);
    }
}
