using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_read_in, and struct fuse_write_in, before whose payload it stands: they have the same layout.</summary>
/// <remarks>
/// <code>
///  0  8  handle
///  8  8  offset
/// 16  4  size in bytes
/// 20  4  flags
/// 24  8  lock owner
/// 32  4  flags of the open file
/// 36  4  -
/// </code>
/// An offset above 2^63 arrives here as a negative number, which no range check lets pass.
/// </remarks>
internal readonly record struct TransferRequest(long Offset, uint Length)
{
    public const int Size = 40;

    public static bool TryRead(ReadOnlySpan<byte> source, out TransferRequest request)
    {
        request = default;
        if (source.Length < Size)
            return false;
        request = new TransferRequest(
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]), BinaryPrimitives.ReadUInt32LittleEndian(source[16..]));
        return true;
    }
}

/// <summary>struct fuse_write_out.</summary>
/// <remarks>
/// <code>
///  0  4  bytes written
///  4  4  -
/// </code>
/// </remarks>
internal readonly record struct WriteReply(uint Written)
{
    public const int Size = 8;

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt64LittleEndian(destination, Written);
}
