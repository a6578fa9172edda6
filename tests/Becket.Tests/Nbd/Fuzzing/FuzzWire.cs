using System.Net.Sockets;
using Becket.Nbd.Tls;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// The socket below a fuzzed client's TLS. While it sends it takes what comes, so that neither side ever waits for the other to read. Each
/// write must be one record.
/// </summary>
internal sealed class FuzzWire(Socket socket, Random splits) : BlockingStream
{
    private readonly int _piece = splits.Next(3) switch { 0 => splits.Next(20, 400), _ => int.MaxValue };
    private readonly MemoryStream _arrived = new();
    private RecordDamage _damage;
    private byte[] _injected = [];
    private byte[] _last = [];
    private bool _hasEnded;
    private bool _isCut;

    /// <summary>Does that to, or before, the record that is written next.</summary>
    public void DamageNext(RecordDamage damage, byte[] injected) => (_damage, _injected) = (damage, injected);

    /// <summary>Tells the server that nothing more comes.</summary>
    public void EndSending() => Try(() => socket.Shutdown(SocketShutdown.Send));

    /// <summary>From here on reads end behind what has arrived.</summary>
    public void EndReceiving() => _hasEnded = true;

    public override int Read(Span<byte> buffer)
    {
        while (_arrived.Position == _arrived.Length && !_hasEnded)
            Move([]);
        return _arrived.Read(buffer);
    }

    public override void Write(ReadOnlySpan<byte> record)
    {
        var (damage, injected) = (_damage, _injected);
        _damage = RecordDamage.None;
        switch (damage)
        {
            case RecordDamage.Injected:
                Put(injected);
                break;
            case RecordDamage.Repeated:
                Put(_last);
                break;
            case RecordDamage.Flipped:
                record = Flip(record.ToArray());
                break;
            case RecordDamage.Cut:
                Put(record[..splits.Next(record.Length)]);
                _isCut = true;
                break;
        }

        _last = record.ToArray();
        Put(record);
    }

    private byte[] Flip(byte[] record)
    {
        record[splits.Next(record.Length)] ^= (byte)(1 << splits.Next(8));
        return record;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isCut)
            bytes = bytes[Move(bytes)..];
    }

    /// <summary>Waits until something can be sent, if there is something, or was received; returns how much was sent.</summary>
    private int Move(ReadOnlySpan<byte> bytes)
    {
        var (readable, writable) = (_hasEnded ? [] : new List<Socket> { socket }, bytes.IsEmpty ? [] : new List<Socket> { socket });
        Socket.Select(readable.Count > 0 ? readable : null, writable.Count > 0 ? writable : null, null, FuzzClient.Patience);
        if (readable.Count + writable.Count == 0)
            throw new TimeoutException(
                $"the server neither answers nor closes within TLS; {bytes.Length} bytes to send, {_arrived.Length} received");

        if (readable.Count > 0)
            Try(Receive);
        return writable.Count > 0 ? Send(bytes[..Math.Min(bytes.Length, _piece)]) : 0;
    }

    private int Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return socket.Send(bytes);
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private void Receive()
    {
        var buffer = new byte[64 * 1024];
        var count = socket.Receive(buffer);
        _hasEnded = count == 0;
        var position = _arrived.Position;
        _arrived.Position = _arrived.Length;
        _arrived.Write(buffer, 0, count);
        _arrived.Position = position;
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
