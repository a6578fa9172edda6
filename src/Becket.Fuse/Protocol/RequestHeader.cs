using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>
/// struct fuse_in_header: the beginning of every request. All structures are in the byte order of the machine, which is little-endian.
/// </summary>
/// <remarks>
/// <code>
///  0  4  length of the request, header included
///  4  4  opcode
///  8  8  unique: comes back in the reply
/// 16  8  node that the request is about
/// 24  4  user of who asks
/// 28  4  group
/// 32  4  process
/// 36  2  length of extensions in 8 bytes (7.38)
/// 38  2  -
/// </code>
/// </remarks>
internal readonly record struct RequestHeader(uint Length, FuseOpcode Opcode, ulong Unique, ulong Node)
{
    public const int Size = 40;

    /// <summary>False where the request is shorter than a header, or not as long as it says.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out RequestHeader header)
    {
        header = default;
        if (source.Length < Size)
            return false;
        header = new RequestHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            (FuseOpcode)BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]));
        return header.Length == source.Length;
    }
}
