using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>The short answer to a request; the bytes of a successful READ follow it (proto.md, "Simple reply message").</summary>
/// <remarks>
/// <code>
/// 0  4  0x67446698
/// 4  4  error, 0: success
/// 8  8  cookie of the request
/// </code>
/// </remarks>
internal readonly record struct SimpleReply(NbdError Error, long Cookie)
{
    public const int Size = 16;
    public const uint Magic = 0x6744_6698;

    /// <summary>Reads what follows the magic, which the caller has looked at to tell the two kinds of reply apart.</summary>
    public static SimpleReply Read(ReadOnlySpan<byte> source) => new(
        (NbdError)BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
        BinaryPrimitives.ReadInt64BigEndian(source[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)Error);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Cookie);
    }
}
