using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>One request in transmission; the payload of a WRITE follows it (proto.md, "Compact request message").</summary>
/// <remarks>
/// <code>
///  0  4  0x25609513
///  4  2  command flags
///  6  2  command
///  8  8  cookie: opaque, comes back in the reply
/// 16  8  offset
/// 24  4  length
/// </code>
/// An offset above 2^63 arrives here as a negative number, which no range check lets pass.
/// </remarks>
internal readonly record struct NbdRequest(CommandFlags Flags, Command Command, long Cookie, long Offset, uint Length)
{
    public const int Size = 28;
    public const uint Magic = 0x2560_9513;

    public bool Has(CommandFlags flag) => Flags.HasFlag(flag);

    /// <summary>False where the magic is wrong: the stream is out of step and cannot be trusted any more.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out NbdRequest request)
    {
        request = new NbdRequest(
            (CommandFlags)BinaryPrimitives.ReadUInt16BigEndian(source[4..]),
            (Command)BinaryPrimitives.ReadUInt16BigEndian(source[6..]),
            BinaryPrimitives.ReadInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[24..]));
        return BinaryPrimitives.ReadUInt32BigEndian(source) == Magic;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], (ushort)Flags);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)Command);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Cookie);
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], Offset);
        BinaryPrimitives.WriteUInt32BigEndian(destination[24..], Length);
    }
}
