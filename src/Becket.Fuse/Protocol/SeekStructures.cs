using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_lseek_in: where the next data or hole begins. Other ways to seek the kernel knows itself.</summary>
/// <remarks>
/// <code>
///  0  8  handle
///  8  8  offset
/// 16  4  whence: 3 data, 4 hole
/// 20  4  -
/// </code>
/// </remarks>
internal readonly record struct SeekRequest(long Offset, int Whence)
{
    public const int Size = 24;
    public const int Data = 3;
    public const int Hole = 4;

    public static bool TryRead(ReadOnlySpan<byte> source, out SeekRequest request)
    {
        request = default;
        if (source.Length < Size)
            return false;
        request = new SeekRequest(
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]), BinaryPrimitives.ReadInt32LittleEndian(source[16..]));
        return true;
    }
}

/// <summary>struct fuse_lseek_out.</summary>
/// <remarks>
/// <code>
///  0  8  offset
/// </code>
/// </remarks>
internal readonly record struct SeekReply(long Offset)
{
    public const int Size = 8;

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteInt64LittleEndian(destination, Offset);
}
