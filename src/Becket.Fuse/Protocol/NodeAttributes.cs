using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_attr: what stat(2) says of a node.</summary>
/// <remarks>
/// <code>
///  0  8  inode number
///  8  8  size in bytes
/// 16  8  blocks of 512 bytes
/// 24  8  access time
/// 32  8  modification time
/// 40  8  change time
/// 48  4  access time, nanoseconds
/// 52  4  modification time, nanoseconds
/// 56  4  change time, nanoseconds
/// 60  4  mode: kind and permissions
/// 64  4  links
/// 68  4  user
/// 72  4  group
/// 76  4  device number
/// 80  4  preferred block
/// 84  4  flags
/// </code>
/// </remarks>
internal readonly record struct NodeAttributes(ulong Node, long Length, uint Mode, uint Links, uint User, uint Group, DateTimeOffset Time)
{
    public const int Size = 88;
    public const uint Folder = 0x4000;
    public const uint RegularFile = 0x8000;

    private const int PreferredBlock = 4096;

    public void Write(Span<byte> destination)
    {
        var seconds = Time.ToUnixTimeSeconds();
        var nanoseconds = (uint)((Time.UtcTicks % TimeSpan.TicksPerSecond) * TimeSpan.NanosecondsPerTick);

        BinaryPrimitives.WriteUInt64LittleEndian(destination, Node);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Length);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], (Length / 512) + (Length % 512 == 0 ? 0 : 1));
        for (var i = 0; i < 3; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(destination[(24 + (8 * i))..], seconds);
            BinaryPrimitives.WriteUInt32LittleEndian(destination[(48 + (4 * i))..], nanoseconds);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(destination[60..], Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[64..], Links);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[68..], User);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[72..], Group);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[76..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[80..], PreferredBlock);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[84..], 0);
    }
}
