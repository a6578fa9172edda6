using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_init_out: the version that is spoken, and the limits.</summary>
/// <remarks>
/// <code>
///  0  4  major version
///  4  4  minor version
///  8  4  readahead in bytes
/// 12  4  flags
/// 16  2  requests that may be under way in the background
/// 18  2  of those, how many mean congestion
/// 20  4  longest write in bytes
/// 24  4  granularity of times in nanoseconds
/// 28  2  pages in a request
/// 30  2  map alignment
/// 32  4  flags, upper half
/// 36 28  -
/// </code>
/// </remarks>
internal readonly record struct InitReply(uint ReadAhead, InitFlags Flags, int MaximumWrite, int MaximumPages)
{
    public const int Size = 64;
    public const uint Major = 7;

    /// <summary>7.31 came with Linux 5.2; newer structures only grew at their ends.</summary>
    public const uint OldestMinor = 31;

    /// <summary>7.39 is the newest whose additions are used.</summary>
    public const uint Minor = 39;

    private const ushort InBackground = 64;
    private const ushort Congestion = 48;

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Major);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Minor);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], ReadAhead);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], (uint)Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[16..], InBackground);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[18..], Congestion);
        BinaryPrimitives.WriteInt32LittleEndian(destination[20..], MaximumWrite);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[24..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[28..], (ushort)MaximumPages);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[32..], (uint)((ulong)Flags >> 32));
    }
}
