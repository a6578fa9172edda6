using System.Net.Sockets;

namespace Becket.Bench.Proxy;

/// <summary>
/// A blocking socket and the bytes that have arrived on it and were not looked at yet. Belongs to one thread. An
/// asynchronous call on the socket would make it non-blocking for good, and splice(2) would fail.
/// </summary>
internal sealed class HttpChannel : IDisposable
{
    private const int Capacity = 64 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Capacity);
    private int _start;
    private int _end;

    public HttpChannel(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
    }

    public Socket Socket { get; }

    /// <summary>What has arrived behind what was taken.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    public void Take(int count) => _start += count;

    /// <summary>
    /// Waits for a whole head and returns its size; the head stays in <see cref="Buffered"/>, perhaps with more behind it.
    /// 0: the other side has closed, between two messages.
    /// </summary>
    public int ReceiveHead()
    {
        var searched = 0;
        while (true)
        {
            var found = Buffered[searched..].IndexOf("\r\n\r\n"u8);
            if (found >= 0)
                return searched + found + 4;

            searched = Math.Max(0, Buffered.Length - 3);
            if (!Receive())
                return Buffered.IsEmpty ? 0 : throw new InvalidDataException("the connection ended within a head");
        }
    }

    /// <summary>Waits for more bytes; false: there will be none.</summary>
    public bool Receive()
    {
        Buffered.CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == Capacity)
            throw new InvalidDataException("a head is longer than 64 KiB");

        var received = Socket.Receive(_buffer.AsSpan(_end));
        _end += received;
        return received > 0;
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[Socket.Send(bytes)..];
    }

    public void Dispose() => Socket.Dispose();
}
