using System.Buffers.Binary;
using Becket.Blocks;

namespace Becket.Nbd.Protocol;

/// <summary>
/// One stretch in a BLOCK_STATUS chunk, whose payload is the context's id in 4 bytes and then one or more of these,
/// from the request's offset on (proto.md, NBD_REPLY_TYPE_BLOCK_STATUS).
/// </summary>
/// <remarks>
/// <code>
/// 0  4  length in bytes, not 0
/// 4  4  status: for base:allocation 1 is a hole, 2 reads as zeroes
/// </code>
/// </remarks>
internal readonly record struct BlockDescriptor(uint Length, ExtentKind Kind)
{
    public const int Size = 8;
    public const int ContextIdSize = 4;

    public static BlockDescriptor Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        (ExtentKind)(BinaryPrimitives.ReadUInt32BigEndian(source[4..]) & 3));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Length);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)Kind);
    }
}
