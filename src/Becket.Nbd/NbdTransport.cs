using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>
/// The bytes to and from one client: a stream, and the socket below it where there is one. One thread may receive while
/// another sends; every failure is a <see cref="ConnectionEndedException"/>.
/// </summary>
/// <remarks>
/// All calls block. An asynchronous call on the socket would make its descriptor non-blocking for good, and from then on
/// every blocking receive would be a wait for the runtime's event thread. A blocked receive is ended by <see cref="StopReceiving"/>
/// or <see cref="Break"/>, which only shut the socket down; <see cref="Dispose"/> belongs to the receiving thread (README, 1 and 2).
/// </remarks>
internal sealed class NbdTransport : IDisposable
{
    private const int UnixSendBuffer = 1024 * 1024;

    private readonly Stream _stream;
    private readonly Socket? _socket;
    private bool _hasReceiveTimeout;

    public NbdTransport(Socket socket, TimeSpan sendTimeout)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        socket.SendTimeout = (int)Math.Clamp(sendTimeout.TotalMilliseconds, 1, int.MaxValue);

        if (socket.AddressFamily == AddressFamily.Unix)
            socket.SendBufferSize = UnixSendBuffer;
        else
            socket.NoDelay = true;
    }

    /// <summary>Takes a stream that is not a socket, such as a pair of pipes. It has no timeouts and cannot be interrupted.</summary>
    public NbdTransport(Stream stream) => _stream = stream;

    /// <summary>Whether a blocked receive can be ended by another thread.</summary>
    public bool IsInterruptible => _socket is not null;

    /// <summary>Waits for at least one byte; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer)
    {
        try
        {
            if (_hasReceiveTimeout)
                SetReceiveTimeout(0);

            return _stream.Read(buffer);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            throw new ConnectionEndedException($"receiving failed: {e.Message}", e);
        }
    }

    /// <summary>Waits for at least one byte, but not beyond the deadline; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer, Deadline deadline)
    {
        try
        {
            SetReceiveTimeout(deadline.RemainingMilliseconds());
            return _stream.Read(buffer);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock })
        {
            throw Deadline.Stalled();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            throw new ConnectionEndedException($"receiving failed: {e.Message}", e);
        }
    }

    /// <summary>Sends all of it, waiting as long as the client goes on taking some.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        try
        {
            _stream.Write(data);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock })
        {
            throw new ConnectionEndedException("the client does not read its replies", e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            throw new ConnectionEndedException($"sending failed: {e.Message}", e);
        }
    }

    /// <summary>Makes receiving report the end once what has already arrived is taken. Sending goes on.</summary>
    public void StopReceiving() => Shutdown(SocketShutdown.Receive);

    /// <summary>Makes receiving and sending fail at once, whoever waits in them.</summary>
    public void Break() => Shutdown(SocketShutdown.Both);

    public void Dispose() => _stream.Dispose();

    private void Shutdown(SocketShutdown how)
    {
        try
        {
            _socket?.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was faster, which is what was wanted.
        }
    }

    private void SetReceiveTimeout(int milliseconds)
    {
        if (_socket is null)
            return;

        _socket.ReceiveTimeout = milliseconds;
        _hasReceiveTimeout = milliseconds != 0;
    }
}
