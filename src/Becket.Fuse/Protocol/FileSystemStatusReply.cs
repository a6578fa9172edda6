using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_kstatfs: what df(1) shows. The filesystem is full: nothing can be added to it.</summary>
/// <remarks>
/// <code>
///  0  8  blocks
///  8  8  free blocks
/// 16  8  free blocks for users
/// 24  8  files
/// 32  8  free files
/// 40  4  block size in bytes
/// 44  4  longest name
/// 48  4  fragment size in bytes
/// 52 28  -
/// </code>
/// </remarks>
internal readonly record struct FileSystemStatusReply(long Length)
{
    public const int Size = 80;

    private const int Block = 4096;
    private const uint LongestName = 255;

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(destination, (Length / Block) + (Length % Block == 0 ? 0 : 1));
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(destination[40..], Block);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[44..], LongestName);
        BinaryPrimitives.WriteInt32LittleEndian(destination[48..], Block);
    }
}
