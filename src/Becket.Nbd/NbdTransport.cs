using System.Net.Sockets;
using Becket.Nbd.Tls;

namespace Becket.Nbd;

/// <summary>
/// The bytes to and from one client, through TLS once both sides have agreed on it. One thread may receive while another sends;
/// every failure is a <see cref="ConnectionEndedException"/>.
/// </summary>
/// <remarks>
/// All calls block, with TLS too (see <see cref="PlainTransport"/>). <see cref="StartTls"/> belongs to the receiving thread, before
/// anybody else knows the transport's content.
/// </remarks>
internal sealed class NbdTransport : IDisposable
{
    private readonly PlainTransport _plain;
    private TlsTransport? _tls;

    public NbdTransport(Socket socket, TimeSpan sendTimeout) => _plain = new PlainTransport(socket, sendTimeout);

    /// <summary>Takes a stream that is not a socket, such as a pair of pipes. It has no timeouts and cannot be interrupted.</summary>
    public NbdTransport(Stream stream) => _plain = new PlainTransport(stream);

    /// <summary>Whether a blocked receive can be ended by another thread.</summary>
    public bool IsInterruptible => _plain.IsInterruptible;

    public bool IsEncrypted => _tls is not null;

    /// <summary>Whether the client has sent something that was not received; only before TLS.</summary>
    public bool HasUnreadBytes() => _plain.HasUnreadBytes();

    /// <summary>How it is protected, for the log.</summary>
    public string Protection => _tls?.Description ?? "not encrypted";

    /// <summary>Expects the client to begin TLS now.</summary>
    /// <exception cref="TlsHandshakeException">It did not, or is not who it should be.</exception>
    public void StartTls(TlsServer server, Deadline deadline) => _tls = TlsTransport.Accept(_plain, server, deadline);

    /// <summary>Bytes that are sent but have not arrived at the client; 0 where nobody can say. Any thread may ask.</summary>
    public int Unsent => _plain.Unsent;

    /// <summary>Waits for at least one byte; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer) => _tls is null ? _plain.Receive(buffer) : _tls.Receive(buffer);

    /// <summary>Waits for at least one byte, but not beyond the deadline; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer, Deadline deadline) =>
        _tls is null ? _plain.Receive(buffer, deadline) : _tls.Receive(buffer, deadline);

    /// <inheritdoc cref="PlainTransport.ReceiveAnnounced"/>
    public int ReceiveAnnounced(Span<byte> buffer) => _tls is null ? _plain.ReceiveAnnounced(buffer) : _tls.ReceiveAnnounced(buffer);

    /// <summary>Sends all of it, waiting as long as the client goes on taking some.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        if (_tls is null)
            _plain.Send(data);
        else
            _tls.Send(data);
    }

    /// <summary>Tells a client of TLS that nothing more comes, unless that had to wait. Only once nobody else sends.</summary>
    public void SayGoodbye() => _tls?.SayGoodbye();

    /// <summary>Makes receiving report the end once what has already arrived is taken. Sending goes on.</summary>
    public void StopReceiving() => _plain.StopReceiving();

    /// <summary>Makes receiving and sending fail at once, whoever waits in them.</summary>
    public void Break() => _plain.Break();

    public void Dispose()
    {
        _tls?.Dispose();
        _plain.Dispose();
    }
}
