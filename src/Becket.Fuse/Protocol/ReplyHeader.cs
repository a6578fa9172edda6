using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_out_header: the beginning of every reply. A reply with an error has nothing behind it.</summary>
/// <remarks>
/// <code>
///  0  4  length of the reply, header included
///  4  4  errno, negative; 0: success
///  8  8  unique of the request
/// </code>
/// </remarks>
internal readonly record struct ReplyHeader(uint Length, Errno Error, ulong Unique)
{
    public const int Size = 16;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Length);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], -(int)Error);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Unique);
    }
}
