using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>What stands before the data of every answer to an option (proto.md, "Fixed newstyle negotiation").</summary>
/// <remarks>
/// <code>
///  0  8  0x0003e889045565a9
///  8  4  option that is answered
/// 12  4  reply type
/// 16  4  length of the data that follows
/// </code>
/// </remarks>
internal readonly record struct OptionReplyHeader(OptionCode Option, OptionReplyType Type, uint Length)
{
    public const int Size = 20;
    public const long Magic = 0x0003_e889_0455_65a9;

    public bool IsError => ((uint)Type & 0x8000_0000) != 0;

    /// <summary>False where the magic is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out OptionReplyHeader header)
    {
        header = new OptionReplyHeader(
            (OptionCode)BinaryPrimitives.ReadUInt32BigEndian(source[8..]),
            (OptionReplyType)BinaryPrimitives.ReadUInt32BigEndian(source[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[16..]));
        return BinaryPrimitives.ReadInt64BigEndian(source) == Magic;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], (uint)Option);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], (uint)Type);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], Length);
    }
}
