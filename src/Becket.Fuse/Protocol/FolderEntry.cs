using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_dirent: one line of a folder, padded to a multiple of 8 bytes.</summary>
/// <remarks>
/// <code>
///  0  8  inode number
///  8  8  where to go on behind this entry
/// 16  4  length of the name
/// 20  4  kind: 4 folder, 8 file
/// 24  -  name, no zero at its end
/// </code>
/// </remarks>
internal readonly record struct FolderEntry(ulong Node, ulong Next, uint Mode, ReadOnlyMemory<byte> Name)
{
    private const int NameOffset = 24;

    public int Size => (NameOffset + Name.Length + 7) & ~7;

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Node);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Next);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], Name.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], Mode >> 12);
        Name.Span.CopyTo(destination[NameOffset..]);
    }
}
