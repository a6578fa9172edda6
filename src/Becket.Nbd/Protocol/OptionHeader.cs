using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>What stands before the data of every option that a client sends (proto.md, "Fixed newstyle negotiation").</summary>
/// <remarks>
/// <code>
///  0  8  "IHAVEOPT"
///  8  4  option
/// 12  4  length of the data that follows
/// </code>
/// </remarks>
internal readonly record struct OptionHeader(OptionCode Option, uint Length)
{
    public const int Size = 16;

    public static ReadOnlySpan<byte> Magic => "IHAVEOPT"u8;

    /// <summary>False where the magic is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out OptionHeader header)
    {
        header = new OptionHeader(
            (OptionCode)BinaryPrimitives.ReadUInt32BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[12..]));
        return source.StartsWith(Magic);
    }

    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], (uint)Option);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], Length);
    }
}
