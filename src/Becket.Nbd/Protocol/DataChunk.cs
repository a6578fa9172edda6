using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>The start of a chunk with bytes of the device; the bytes follow (proto.md, NBD_REPLY_TYPE_OFFSET_DATA).</summary>
/// <remarks>
/// <code>
///  0  20  chunk header: length = 8 + number of bytes
/// 20   8  offset of the first byte
/// </code>
/// </remarks>
internal readonly record struct DataChunk(ChunkFlags Flags, long Cookie, long Offset, int Length)
{
    public const int Size = ChunkHeader.Size + 8;

    public void Write(Span<byte> destination)
    {
        new ChunkHeader(Flags, ChunkType.OffsetData, Cookie, 8 + (uint)Length).Write(destination);
        BinaryPrimitives.WriteInt64BigEndian(destination[ChunkHeader.Size..], Offset);
    }
}

/// <summary>A chunk that says that a stretch reads as zeroes (proto.md, NBD_REPLY_TYPE_OFFSET_HOLE).</summary>
/// <remarks>
/// <code>
///  0  20  chunk header: length = 12
/// 20   8  offset of the first byte
/// 28   4  number of bytes, not 0
/// </code>
/// </remarks>
internal readonly record struct HoleChunk(ChunkFlags Flags, long Cookie, long Offset, int Length)
{
    public const int Size = ChunkHeader.Size + 12;

    public void Write(Span<byte> destination)
    {
        new ChunkHeader(Flags, ChunkType.OffsetHole, Cookie, 12).Write(destination);
        BinaryPrimitives.WriteInt64BigEndian(destination[ChunkHeader.Size..], Offset);
        BinaryPrimitives.WriteUInt32BigEndian(destination[(ChunkHeader.Size + 8)..], (uint)Length);
    }
}
