using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>
/// Size and abilities of an export. INFO and GO send it behind the info type; EXPORT_NAME sends it bare, and behind it
/// 124 zero bytes for a client that has not asked to leave them out (proto.md, NBD_INFO_EXPORT, NBD_OPT_EXPORT_NAME).
/// </summary>
/// <remarks>
/// <code>
/// 0  8  size in bytes
/// 8  2  transmission flags
/// </code>
/// </remarks>
internal readonly record struct ExportInfo(long Size, TransmissionFlags Flags)
{
    public const int WireSize = 10;
    public const int Zeroes = 124;

    public static ExportInfo Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt64BigEndian(source),
        (TransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(source[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Size);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], (ushort)Flags);
    }
}
