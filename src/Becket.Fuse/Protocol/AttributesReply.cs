using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_attr_out.</summary>
/// <remarks>
/// <code>
///  0  8  seconds that the attributes are valid
///  8  4  nanoseconds
/// 12  4  -
/// 16 88  attributes
/// </code>
/// </remarks>
internal readonly record struct AttributesReply(NodeAttributes Attributes)
{
    public const int Size = 16 + NodeAttributes.Size;

    public void Write(Span<byte> destination)
    {
        destination[..16].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, EntryReply.ValidSeconds);
        Attributes.Write(destination[16..]);
    }
}
