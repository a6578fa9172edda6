using System.Runtime.InteropServices;
using System.Text;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>
/// Goes through attributes as <see cref="AttributeWriter"/> lays them out. It ends at the first one that does not fit into what is
/// left; the kernel sends none, and nothing behind it could be trusted.
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _left = attributes;

    /// <summary>The type comes without its flag bits.</summary>
    public bool TryRead(out ushort type, out ReadOnlySpan<byte> content)
    {
        const ushort typeBits = 0x3FFF;
        type = 0;
        content = default;
        if (_left.Length < AttributeWriter.HeaderSize)
            return false;

        var length = MemoryMarshal.Read<ushort>(_left);
        if (length < AttributeWriter.HeaderSize || length > _left.Length)
            return false;

        type = (ushort)(MemoryMarshal.Read<ushort>(_left[2..]) & typeBits);
        content = _left[AttributeWriter.HeaderSize..length];
        _left = _left[Math.Min(NetlinkHeader.Align(length), _left.Length)..];
        return true;
    }

    /// <summary>The content of the first attribute of a type; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, ushort type)
    {
        var reader = new AttributeReader(attributes);
        while (reader.TryRead(out var found, out var content))
        {
            if (found == type)
                return content;
        }

        return default;
    }

    /// <summary>The first attribute of a type as a number of 4 bytes; null where it is missing or has another size.</summary>
    public static uint? FindUInt32(ReadOnlySpan<byte> attributes, ushort type) =>
        Find(attributes, type) is { Length: sizeof(uint) } content ? MemoryMarshal.Read<uint>(content) : null;

    /// <summary>The first attribute of a type as a number of 2 bytes; null where it is missing or has another size.</summary>
    public static ushort? FindUInt16(ReadOnlySpan<byte> attributes, ushort type) =>
        Find(attributes, type) is { Length: sizeof(ushort) } content ? MemoryMarshal.Read<ushort>(content) : null;

    /// <summary>The first attribute of a type as text, without the zero byte at its end; empty where it is missing.</summary>
    public static string FindText(ReadOnlySpan<byte> attributes, ushort type) =>
        Encoding.UTF8.GetString(Find(attributes, type).TrimEnd((byte)0));
}
