using System.Buffers.Binary;
using System.Text;

namespace Becket.Fuse.Loop;

/// <summary>struct loop_config, the argument of LOOP_CONFIGURE: everything about a loop device at once.</summary>
/// <remarks>
/// <code>
///   0   4  descriptor of the file
///   4   4  logical block in bytes
///   8 232  struct loop_info64, of which we write:
///           +52   4  flags
///           +56  64  name of the file, for people, zero-terminated
/// 240  64  -
/// </code>
/// </remarks>
internal readonly record struct LoopConfiguration(int File, int BlockSize, LoopFlags Flags, string Name)
{
    public const int Size = 304;

    private const int FlagsOffset = 8 + 52;
    private const int NameOffset = 8 + 56;
    private const int NameSize = 64;

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(destination, File);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], BlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[FlagsOffset..], (uint)Flags);
        Encoding.UTF8.GetEncoder().Convert(Name, destination.Slice(NameOffset, NameSize - 1), flush: true, out _, out _, out _);
    }
}

/// <summary>LO_FLAGS_*.</summary>
[Flags]
internal enum LoopFlags : uint
{
    None = 0,
    ReadOnly = 1,
    PartitionScan = 8,
    DirectIo = 16,
}
