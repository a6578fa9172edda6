using System.Runtime.InteropServices;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>
/// What stands before the attributes of every generic netlink message (linux/netlink.h, linux/genetlink.h). Numbers are in the
/// machine's own byte order: netlink never leaves it.
/// </summary>
/// <remarks>
/// <code>
///  0  4  length of the message, this header included
///  4  2  type: the number of the family, or <see cref="NetlinkError.Type"/>
///  6  2  flags
///  8  4  sequence number: comes back in what answers the message
/// 12  4  port: 0 is the kernel
/// 16  1  command of the family
/// 17  1  version of the family
/// 18  2  zero
/// </code>
/// The first 16 bytes are those of any netlink message; an error has no more than these.
/// </remarks>
internal readonly record struct NetlinkHeader(int Length, ushort Type, NetlinkFlags Flags, uint Sequence, byte Command, byte Version)
{
    /// <summary>With command and version.</summary>
    public const int Size = 20;

    public const int BasicSize = 16;

    /// <summary>Messages and attributes begin at multiples of this.</summary>
    public const int Alignment = 4;

    public static int Align(int length) => (length + Alignment - 1) & -Alignment;

    /// <summary>False where no whole message is left. Command and version are 0 in a message that is too short for them.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out NetlinkHeader header)
    {
        header = default;
        if (source.Length < BasicSize)
            return false;

        var length = MemoryMarshal.Read<int>(source);
        if (length < BasicSize || length > source.Length)
            return false;

        var hasCommand = length >= Size;
        header = new NetlinkHeader(
            length,
            MemoryMarshal.Read<ushort>(source[4..]),
            (NetlinkFlags)MemoryMarshal.Read<ushort>(source[6..]),
            MemoryMarshal.Read<uint>(source[8..]),
            hasCommand ? source[16] : (byte)0,
            hasCommand ? source[17] : (byte)0);
        return true;
    }

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        MemoryMarshal.Write(destination, Length);
        MemoryMarshal.Write(destination[4..], Type);
        MemoryMarshal.Write(destination[6..], (ushort)Flags);
        MemoryMarshal.Write(destination[8..], Sequence);
        destination[16] = Command;
        destination[17] = Version;
    }
}

/// <summary>Flags of a netlink message; those of an error message share their numbers with others of a request.</summary>
[Flags]
internal enum NetlinkFlags : ushort
{
    None = 0,
    Request = 0x1,
    Acknowledge = 0x4,

    /// <summary>In an error: of the message that it answers only the header is repeated.</summary>
    Capped = 0x100,

    /// <summary>In an error: attributes follow, among them a sentence.</summary>
    HasErrorAttributes = 0x200,
}
