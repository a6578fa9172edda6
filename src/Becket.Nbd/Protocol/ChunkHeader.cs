using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>What a chunk holds (proto.md, "Structured reply types").</summary>
internal enum ChunkType : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 0x8001,
    ErrorOffset = 0x8002,
}

[Flags]
internal enum ChunkFlags : ushort
{
    None = 0,

    /// <summary>The last chunk of this reply.</summary>
    Done = 1,
}

/// <summary>What stands before each piece of a structured reply (proto.md, "Structured reply chunk message").</summary>
/// <remarks>
/// <code>
///  0  4  0x668e33ef
///  4  2  flags
///  6  2  type
///  8  8  cookie of the request
/// 16  4  length of the payload that follows
/// </code>
/// </remarks>
internal readonly record struct ChunkHeader(ChunkFlags Flags, ChunkType Type, long Cookie, uint Length)
{
    public const int Size = 20;
    public const uint Magic = 0x668e_33ef;

    public bool IsDone => Flags.HasFlag(ChunkFlags.Done);

    public bool IsError => ((ushort)Type & 0x8000) != 0;

    /// <summary>Reads what follows the magic, which the caller has looked at to tell the two kinds of reply apart.</summary>
    public static ChunkHeader Read(ReadOnlySpan<byte> source) => new(
        (ChunkFlags)BinaryPrimitives.ReadUInt16BigEndian(source[4..]),
        (ChunkType)BinaryPrimitives.ReadUInt16BigEndian(source[6..]),
        BinaryPrimitives.ReadInt64BigEndian(source[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(source[16..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], (ushort)Flags);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)Type);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Cookie);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], Length);
    }
}
