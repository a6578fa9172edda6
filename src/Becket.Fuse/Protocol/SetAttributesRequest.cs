using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_setattr_in: a change of attributes; of its 88 bytes we read what a change of the size needs.</summary>
/// <remarks>
/// <code>
///  0  4  which of the fields below count
/// 16  8  size
/// </code>
/// </remarks>
internal readonly record struct SetAttributesRequest(uint Valid, long Length)
{
    public const int Size = 88;

    private const uint SizeIsValid = 1 << 3;
    private const uint HandleIsValid = 1 << 6;
    private const uint LockOwnerIsValid = 1 << 9;

    /// <summary>Nothing but the size is to change.</summary>
    public bool IsSizeAlone => (Valid & ~(HandleIsValid | LockOwnerIsValid)) == SizeIsValid;

    public static bool TryRead(ReadOnlySpan<byte> source, out SetAttributesRequest request)
    {
        request = default;
        if (source.Length < Size)
            return false;
        request = new SetAttributesRequest(
            BinaryPrimitives.ReadUInt32LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[16..]));
        return true;
    }
}
