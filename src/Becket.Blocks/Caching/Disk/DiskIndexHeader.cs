using System.Buffers.Binary;
using System.IO.Hashing;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The first 48 bytes of an index: whose it is and how it is laid out. One that does not read back is not ours to interpret.
/// <code>
///  0  8  magic, "BECKETDC"
///  8  4  version of the layout, 1
/// 12  4  bytes in a block
/// 16  4  blocks in a piece
/// 20  4  0
/// 24  8  bytes in the object
/// 32  8  key: what the checksums of this object start from (BlockMark)
/// 40  8  XXH3 of the bytes before
/// </code>
/// All numbers are little-endian.
/// </summary>
internal readonly record struct DiskIndexHeader(long Size, ulong Key)
{
    public const int Length = 48;

    private const int Version = 1;
    private const int ChecksumOffset = Length - sizeof(ulong);

    private static ReadOnlySpan<byte> Magic => "BECKETDC"u8;

    public void Write(Span<byte> target)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], CacheGeometry.Block);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], CacheGeometry.BlocksPerPiece);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], Size);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], Key);
        BinaryPrimitives.WriteUInt64LittleEndian(target[ChecksumOffset..], XxHash3.HashToUInt64(target[..ChecksumOffset]));
    }

    /// <summary>Null for a header that is cut off, damaged, or of another version.</summary>
    public static DiskIndexHeader? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < Length)
            return null;
        var checksum = BinaryPrimitives.ReadUInt64LittleEndian(source[ChecksumOffset..]);
        if (checksum != XxHash3.HashToUInt64(source[..ChecksumOffset]))
            return null;
        var header = new DiskIndexHeader(
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]), BinaryPrimitives.ReadUInt64LittleEndian(source[32..]));
        Span<byte> same = stackalloc byte[Length];
        header.Write(same);
        return header.Size > 0 && same.SequenceEqual(source[..Length]) ? header : null;
    }
}
