using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Becket.Tests.Nbd;

/// <summary>
/// A client that sends whatever bytes a test wants. Its numbers are written out from the specification and not taken
/// from the product, so that a wrong constant there is found.
/// </summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    public const uint ExportName = 1, Abort = 2, List = 3, StartTls = 5, Info = 6, Go = 7, StructuredReply = 8;
    public const uint ListMetaContext = 9, SetMetaContext = 10;
    public const uint Ack = 1, Server = 2, InfoReply = 3, MetaContext = 4;
    public const uint ErrUnsup = 0x80000001, ErrPolicy = 0x80000002, ErrInvalid = 0x80000003, ErrUnknown = 0x80000006;
    public const uint ErrShutdown = 0x80000007, ErrTooBig = 0x80000009;
    public const ushort Read = 0, Write = 1, Disc = 2, Flush = 3, Trim = 4, Cache = 5, WriteZeroes = 6, BlockStatus = 7;
    public const ushort Fua = 1, NoHole = 2, Df = 4, ReqOne = 8, FastZero = 16;
    public const uint EPERM = 1, EIO = 5, EINVAL = 22, ENOSPC = 28, EOVERFLOW = 75, ENOTSUP = 95, ESHUTDOWN = 108;

    public Socket Socket => socket;

    public static RawClient Connect(EndPoint server)
    {
        // A test that fails should not hang.
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = 20_000,
            SendTimeout = 20_000,
        };
        socket.Connect(server);
        return new RawClient(socket);
    }

    public void Send(params ReadOnlySpan<byte> bytes) => socket.Send(bytes);

    public byte[] Receive(int count)
    {
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var some = socket.Receive(bytes.AsSpan(received));
            if (some == 0)
                throw new EndOfStreamException($"the server closed after {received} of {count} bytes");

            received += some;
        }

        return bytes;
    }

    /// <summary>Whether the server has closed and nothing was left to read. Waits for one or the other.</summary>
    public bool IsClosed()
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            return true;
        }
    }

    public RawClient Greet(uint flags = 3)
    {
        Receive(18);
        Send(Big(flags));
        return this;
    }

    public void SendOption(uint option, params ReadOnlySpan<byte> data) =>
        Send([.. "IHAVEOPT"u8, .. Big(option), .. Big((uint)data.Length), .. data]);

    public (uint Option, uint Type, byte[] Data) ReceiveOptionReply()
    {
        var header = Receive(20);
        Assert.Equal(0x0003e889045565a9, BinaryPrimitives.ReadInt64BigEndian(header));
        return (Number(header, 8), Number(header, 12), Receive((int)Number(header, 16)));
    }

    /// <summary>The type of the next reply, which must answer the option.</summary>
    public uint Ask(uint option, params ReadOnlySpan<byte> data)
    {
        SendOption(option, data);
        var (answered, type, _) = ReceiveOptionReply();
        Assert.Equal(option, answered);
        return type;
    }

    /// <summary>All replies to an option up to its ACK or error.</summary>
    public List<(uint Type, byte[] Data)> AskAll(uint option, params ReadOnlySpan<byte> data)
    {
        SendOption(option, data);
        var replies = new List<(uint Type, byte[] Data)>();
        do
        {
            var (_, type, reply) = ReceiveOptionReply();
            replies.Add((type, reply));
        }
        while (replies[^1].Type != Ack && replies[^1].Type < 0x80000000);
        return replies;
    }

    /// <summary>Enters the default export, with simple replies.</summary>
    public RawClient EnterSimple()
    {
        Greet();
        Assert.Equal(Ack, AskAll(Go, InfoData("")).Last().Type);
        return this;
    }

    /// <summary>Enters the default export, with structured replies and base:allocation.</summary>
    public RawClient EnterStructured()
    {
        Greet();
        Assert.Equal(Ack, Ask(StructuredReply));
        Assert.Equal([MetaContext, Ack], AskAll(SetMetaContext, MetaData("", "base:allocation")).Select(reply => reply.Type));
        Assert.Equal(Ack, AskAll(Go, InfoData("")).Last().Type);
        return this;
    }

    public void SendRequest(
        ushort command, ulong offset, uint length, ushort flags = 0, long cookie = 1, params ReadOnlySpan<byte> payload) =>
        Send([.. Request(command, offset, length, flags, cookie), .. payload]);

    public static byte[] Request(ushort command, ulong offset, uint length, ushort flags = 0, long cookie = 1) =>
        [.. Big(0x25609513), .. Big(flags), .. Big(command), .. Big((ulong)cookie), .. Big(offset), .. Big(length)];

    public (uint Error, long Cookie) ReceiveSimple()
    {
        var reply = Receive(16);
        Assert.Equal(0x67446698u, Number(reply, 0));
        return (Number(reply, 4), BinaryPrimitives.ReadInt64BigEndian(reply.AsSpan(8)));
    }

    public Chunk ReceiveChunk()
    {
        var header = Receive(20);
        Assert.Equal(0x668e33efu, Number(header, 0));
        return new Chunk(
            BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)),
            BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6)),
            BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(8)),
            Receive((int)Number(header, 16)));
    }

    /// <summary>The chunks of one reply, up to the one that is marked as the last.</summary>
    public List<Chunk> ReceiveChunks()
    {
        var chunks = new List<Chunk>();
        do
            chunks.Add(ReceiveChunk());
        while (!chunks[^1].IsDone);
        return chunks;
    }

    public static byte[] InfoData(string name, params ushort[] types) =>
        [.. Text(name), .. Big((ushort)types.Length), .. types.SelectMany(Big)];

    public static byte[] MetaData(string name, params string[] queries) =>
        [.. Text(name), .. Big((uint)queries.Length), .. queries.SelectMany(Text)];

    public static byte[] Text(string text) => [.. Big((uint)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Big(ushort value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Big(uint value) => [.. Big((ushort)(value >> 16)), .. Big((ushort)value)];

    public static byte[] Big(ulong value) => [.. Big((uint)(value >> 32)), .. Big((uint)value)];

    public static uint Number(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(offset));

    public void Dispose() => socket.Dispose();

    /// <summary>One piece of a structured reply.</summary>
    internal sealed record Chunk(ushort Flags, ushort Type, long Cookie, byte[] Payload)
    {
        public const ushort None = 0, Data = 1, Hole = 2, Status = 5, Failure = 0x8001;

        public bool IsDone => (Flags & 1) != 0;

        public uint Error => Number(Payload, 0);

        public string Sentence => Encoding.UTF8.GetString(Payload.AsSpan(6, BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(4))));

        public long Offset => BinaryPrimitives.ReadInt64BigEndian(Payload);

        public ReadOnlySpan<byte> Bytes => Payload.AsSpan(8);

        public uint HoleSize => Number(Payload, 8);

        /// <summary>The descriptors of a status chunk, behind the context's id.</summary>
        public IEnumerable<(uint Length, uint Status)> Descriptors =>
            Payload[4..].Chunk(8).Select(bytes => (Number(bytes, 0), Number(bytes, 4)));
    }
}
