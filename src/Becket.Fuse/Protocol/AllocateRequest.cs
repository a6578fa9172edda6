using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_fallocate_in.</summary>
/// <remarks>
/// <code>
///  0  8  handle
///  8  8  offset
/// 16  8  length in bytes
/// 24  4  mode of fallocate(2)
/// 28  4  -
/// </code>
/// </remarks>
internal readonly record struct AllocateRequest(long Offset, long Length, AllocateMode Mode)
{
    public const int Size = 32;

    public static bool TryRead(ReadOnlySpan<byte> source, out AllocateRequest request)
    {
        request = default;
        if (source.Length < Size)
            return false;
        request = new AllocateRequest(
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            (AllocateMode)BinaryPrimitives.ReadInt32LittleEndian(source[24..]));
        return true;
    }
}

/// <summary>The modes of fallocate(2).</summary>
[Flags]
internal enum AllocateMode
{
    None = 0,
    KeepSize = 1,
    PunchHole = 2,
    ZeroRange = 16,
}
