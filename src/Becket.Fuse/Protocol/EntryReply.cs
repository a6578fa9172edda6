using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_entry_out: what is under a name. Node 0 says that nothing is, which may be remembered too.</summary>
/// <remarks>
/// <code>
///  0  8  node
///  8  8  generation
/// 16  8  seconds that the name is valid
/// 24  8  seconds that the attributes are valid
/// 32  4  nanoseconds of the first
/// 36  4  nanoseconds of the second
/// 40 88  attributes
/// </code>
/// </remarks>
internal readonly record struct EntryReply(NodeAttributes Attributes)
{
    public const int Size = 40 + NodeAttributes.Size;

    /// <summary>A year: nothing here ever changes.</summary>
    public const ulong ValidSeconds = 365 * 24 * 60 * 60;

    public void Write(Span<byte> destination)
    {
        destination[..40].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Attributes.Node);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], ValidSeconds);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], ValidSeconds);
        Attributes.Write(destination[40..]);
    }
}
