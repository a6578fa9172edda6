using System.Buffers.Binary;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>An option as it was sent; its data is whole.</summary>
internal readonly record struct SentOption(uint Option, int Length);

/// <summary>A request as it was sent, with the whole of its payload.</summary>
internal readonly record struct SentRequest(ushort Flags, ushort Command, long Cookie, ulong Offset, uint Length)
{
    public bool Has(ushort flag) => (Flags & flag) != 0;
}

/// <summary>
/// Reads what a client has sent as the specification says that a server must, front to back; a reference that shares nothing with
/// the server's parsers. The caller says in which phase the connection is.
/// </summary>
internal sealed class SentBytes(byte[] bytes)
{
    private const uint LongestOption = 1024 * 1024, LongestSkippedWrite = 64 * 1024 * 1024;

    private int _position;

    /// <summary>
    /// Whether what was read ended between two messages and not in the middle of one, or in one that breaks the connection off.
    /// </summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Null: there is none, or the server must close.</summary>
    public uint? TakeFlags()
    {
        if (Rest < 4)
            return Broken<uint>();

        var flags = Take32();
        return flags <= 3 ? flags : Broken<uint>();
    }

    public SentOption? TakeOption()
    {
        if (Rest == 0)
            return null;
        if (Rest < 16 || !bytes.AsSpan(_position, 8).SequenceEqual("IHAVEOPT"u8))
            return Broken<SentOption>();

        _position += 8;
        var (option, length) = (Take32(), Take32());
        if (length > LongestOption || length > Rest)
            return Broken<SentOption>();

        _position += (int)length;
        return new SentOption(option, (int)length);
    }

    public SentRequest? TakeRequest()
    {
        if (Rest == 0)
            return null;
        if (Rest < 28 || Take32() != 0x25609513)
            return Broken<SentRequest>();

        var (flags, command) = (Take16(), Take16());
        var cookie = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(_position));
        var offset = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(_position + 8));
        var request = new SentRequest(flags, command, cookie, offset, RawClient.Number(bytes, _position + 16));
        _position += 20;
        if (command != RawClient.Write)
            return request;
        if (request.Length > LongestSkippedWrite || request.Length > Rest)
            return Broken<SentRequest>();

        _position += (int)request.Length;
        return request;
    }

    private int Rest => bytes.Length - _position;

    private T? Broken<T>()
        where T : struct
    {
        IsWhole = false;
        return null;
    }

    private uint Take32()
    {
        _position += 4;
        return RawClient.Number(bytes, _position - 4);
    }

    private ushort Take16()
    {
        _position += 2;
        return BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(_position - 2));
    }
}
