using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>The block sizes of an export in bytes, sent behind the info type (proto.md, NBD_INFO_BLOCK_SIZE).</summary>
/// <remarks>
/// <code>
/// 0  4  minimum: offsets and lengths are multiples of it
/// 4  4  preferred
/// 8  4  maximum payload of a READ or WRITE
/// </code>
/// </remarks>
internal readonly record struct BlockSizeInfo(uint Minimum, uint Preferred, uint Maximum)
{
    public const int Size = 12;

    public static BlockSizeInfo Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
        BinaryPrimitives.ReadUInt32BigEndian(source[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Minimum);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Preferred);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Maximum);
    }
}
