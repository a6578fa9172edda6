using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Becket.Nbd.Tls;

/// <summary>
/// The bytes to and from one client inside TLS. One thread may receive while another sends. Only the blocking calls of
/// <see cref="SslStream"/> are used, on a stream whose calls block, so that everything happens on the caller's thread.
/// </summary>
internal sealed class TlsTransport : IDisposable
{
    private readonly TlsWire _wire;
    private readonly SslStream _stream;

    private TlsTransport(TlsWire wire, SslStream stream, string description)
    {
        _wire = wire;
        _stream = stream;
        Description = description;
    }

    /// <summary>Version, cipher and whose certificate the client has shown, for the log.</summary>
    public string Description { get; }

    /// <summary>The server's side of the handshake. The transport below stays the caller's.</summary>
    /// <exception cref="TlsHandshakeException">It failed; the message is for the log.</exception>
    public static TlsTransport Accept(PlainTransport plain, TlsServer server, Deadline deadline)
    {
        var wire = new TlsWire(plain);
        var stream = new SslStream(wire, leaveInnerStreamOpen: true);
        var check = new TlsPeerCheck(server.Peers);
        try
        {
            wire.Expect(deadline);
            stream.AuthenticateAsServer(server.OptionsFor(check));
            return new TlsTransport(wire, stream, $"{stream.SslProtocol}, {stream.NegotiatedCipherSuite}{check.Description}");
        }
        catch (Exception e)
        {
            stream.Dispose();
            throw new TlsHandshakeException(check.Refusal ?? TlsFailure.Explain(e), e);
        }
    }

    public int Receive(Span<byte> buffer)
    {
        _wire.ExpectAnytime();
        return Read(buffer);
    }

    public int Receive(Span<byte> buffer, Deadline deadline)
    {
        _wire.Expect(deadline);
        return Read(buffer);
    }

    public int ReceiveAnnounced(Span<byte> buffer)
    {
        _wire.ExpectAnnounced();
        return Read(buffer);
    }

    public void Send(ReadOnlySpan<byte> data)
    {
        try
        {
            _stream.Write(data);
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Ended("sending", e);
        }
    }

    /// <summary>close_notify, where the kernel has room for it. Only once nobody else sends.</summary>
    public void SayGoodbye()
    {
        _wire.SendOnlyIfPossible();
        try
        {
            // Complete when it returns: the wire below does all of its work at once.
            _stream.ShutdownAsync().GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsFailure(e))
        {
            // The client was faster.
        }
    }

    public void Dispose() => _stream.Dispose();

    private int Read(Span<byte> buffer)
    {
        try
        {
            return _stream.Read(buffer);
        }
        catch (Exception e) when (IsFailure(e))
        {
            // The end of the wire within a record. A message of NBD that it cuts in two is noticed above.
            return _wire.HasEnded && TlsFailure.ConnectionEnd(e) is null ? 0 : throw Ended("receiving", e);
        }
    }

    private static ConnectionEndedException Ended(string doing, Exception e) =>
        TlsFailure.ConnectionEnd(e) is { } end
            ? new ConnectionEndedException(end, e)
            : new ConnectionEndedException($"{doing} failed: {TlsFailure.Explain(e)}", e);

    private static bool IsFailure(Exception e) =>
        e is IOException or ObjectDisposedException or InvalidOperationException or AuthenticationException or CryptographicException
            or ConnectionEndedException;
}
