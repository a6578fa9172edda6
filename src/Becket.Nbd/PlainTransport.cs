using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>
/// The bytes to and from one client as they are on the wire: a socket, or a stream that is none. One thread may receive while
/// another sends; every failure is a <see cref="ConnectionEndedException"/>.
/// </summary>
/// <remarks>
/// All calls block. An asynchronous call on the socket would make its descriptor non-blocking for good, and from then on
/// every blocking receive would be a wait for the runtime's event thread. A blocked receive is ended by <see cref="StopReceiving"/>
/// or <see cref="Break"/>, which only shut the socket down; <see cref="Dispose"/> belongs to the receiving thread (README, 1 and 2).
/// </remarks>
internal sealed class PlainTransport : IDisposable
{
    private const int UnixSendBuffer = 1024 * 1024;
    private const int NothingYet = -1;

    private readonly Stream? _stream;
    private readonly Socket? _socket;
    private readonly int _sendTimeout;

    public PlainTransport(Socket socket, TimeSpan sendTimeout)
    {
        _socket = socket;
        _sendTimeout = (int)Math.Clamp(sendTimeout.TotalMilliseconds, 1, int.MaxValue);
        socket.SendTimeout = _sendTimeout;

        if (socket.AddressFamily == AddressFamily.Unix)
            socket.SendBufferSize = UnixSendBuffer;
        else
        {
            socket.NoDelay = true;
            NoticeVanished(socket);
        }
    }

    /// <summary>Takes a stream that is not a socket, such as a pair of pipes. It has no timeouts and cannot be interrupted.</summary>
    public PlainTransport(Stream stream) => _stream = stream;

    /// <summary>Whether a blocked receive can be ended by another thread.</summary>
    public bool IsInterruptible => _socket is not null;

    /// <summary>Bytes that are sent but have not arrived at the client; 0 where nobody can say. Any thread may ask.</summary>
    public int Unsent
    {
        get
        {
            try
            {
                return _socket is null ? 0 : SocketCalls.CountUnsent(_socket.SafeHandle);
            }
            catch (ObjectDisposedException)
            {
                return 0;
            }
        }
    }

    /// <summary>Waits for at least one byte; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer) => Receive(buffer, flags: 0);

    /// <summary>Waits for at least one byte, but not beyond the deadline; 0: the client sends no more.</summary>
    public int Receive(Span<byte> buffer, Deadline deadline)
    {
        if (_socket is not null && !IsReadable(deadline.RemainingMilliseconds()))
            throw Deadline.Stalled();

        return Receive(buffer);
    }

    /// <summary>
    /// Waits for a byte that the client has announced: one that stops in the middle of a request, whose memory may already be
    /// rented, has the time that it has for its replies.
    /// </summary>
    public int ReceiveAnnounced(Span<byte> buffer)
    {
        if (_socket is null)
            return Receive(buffer);

        var received = Receive(buffer, SocketCalls.DontWait);
        if (received != NothingYet)
            return received;

        return IsReadable(_sendTimeout)
            ? Receive(buffer)
            : throw new ConnectionEndedException("the client stopped in the middle of a request");
    }

    /// <summary>
    /// Whether the client has sent something that nobody has received yet. False for a stream that is not a socket: it cannot be
    /// asked.
    /// </summary>
    public bool HasUnreadBytes()
    {
        Span<byte> one = stackalloc byte[1];
        return _socket is not null && Receive(one, SocketCalls.DontWait | SocketCalls.Peek) > 0;
    }

    /// <summary>Sends all of it, waiting as long as the client goes on taking some.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        try
        {
            if (_socket is null)
                _stream!.Write(data);
            else
                SendToSocket(_socket.SafeHandle, data);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new ConnectionEndedException($"sending failed: {e.Message}", e);
        }
    }

    /// <summary>
    /// Sends what the kernel takes at once, and nothing to a stream that is not a socket. Whether it arrives does not matter.
    /// </summary>
    public void SendIfPossible(ReadOnlySpan<byte> data)
    {
        try
        {
            if (_socket is not null)
                _ = SocketCalls.Send(_socket.SafeHandle, data, data.Length, SocketCalls.NoSignal | SocketCalls.DontWait);
        }
        catch (ObjectDisposedException)
        {
            // As said.
        }
    }

    /// <summary>Makes receiving report the end once what has already arrived is taken. Sending goes on.</summary>
    public void StopReceiving() => Shutdown(SocketShutdown.Receive);

    /// <summary>Makes receiving and sending fail at once, whoever waits in them.</summary>
    public void Break() => Shutdown(SocketShutdown.Both);

    public void Dispose()
    {
        _socket?.Dispose();
        _stream?.Dispose();
    }

    private int Receive(Span<byte> buffer, int flags)
    {
        try
        {
            if (_socket is null)
                return _stream!.Read(buffer);

            while (true)
            {
                var received = SocketCalls.Receive(_socket.SafeHandle, buffer, buffer.Length, flags);
                if (received >= 0)
                    return (int)received;
                if (SocketCalls.LastError == SocketCalls.TryAgain && (flags & SocketCalls.DontWait) != 0)
                    return NothingYet;
                if (SocketCalls.LastError != SocketCalls.Interrupted)
                    throw new ConnectionEndedException($"receiving failed: {SocketCalls.LastErrorSentence}");
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new ConnectionEndedException($"receiving failed: {e.Message}", e);
        }
    }

    private bool IsReadable(int milliseconds)
    {
        try
        {
            return SocketCalls.IsReadable(_socket!.SafeHandle, milliseconds);
        }
        catch (ObjectDisposedException e)
        {
            throw new ConnectionEndedException($"receiving failed: {e.Message}", e);
        }
    }

    private static void SendToSocket(SafeSocketHandle socket, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var sent = SocketCalls.Send(socket, data, data.Length, SocketCalls.NoSignal);
            if (sent >= 0)
                data = data[(int)sent..];
            else if (SocketCalls.LastError == SocketCalls.TryAgain)
                throw new ConnectionEndedException("the client does not read its replies");
            else if (SocketCalls.LastError != SocketCalls.Interrupted)
                throw new ConnectionEndedException($"sending failed: {SocketCalls.LastErrorSentence}");
        }
    }

    /// <summary>
    /// A client without power says no goodbye, and one that is idle is not sent anything that would fail. So the kernel asks
    /// it now and then whether it is still there, and its connection ends after some three minutes of silence.
    /// </summary>
    private static void NoticeVanished(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 8);
    }

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
}
