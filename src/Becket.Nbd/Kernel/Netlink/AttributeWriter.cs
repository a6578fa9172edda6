using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>
/// The attributes of a netlink message, one behind the other. A nested attribute is a writer of its own, added when it is complete.
/// </summary>
/// <remarks>
/// <code>
///  0  2  length: 4 and the content, without the padding
///  2  2  type; bit 15: the content is attributes
///  4  n  content
///        zeroes up to a multiple of 4
/// </code>
/// </remarks>
internal sealed class AttributeWriter
{
    public const int HeaderSize = 4;
    public const ushort Nested = 0x8000;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Content => _bytes.WrittenSpan;

    public AttributeWriter Add(ushort type, uint value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    public AttributeWriter Add(ushort type, ulong value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)));

    /// <summary>As UTF-8, with the zero byte that the kernel's strings end in.</summary>
    public AttributeWriter Add(ushort type, string text) => Add(type, [.. Encoding.UTF8.GetBytes(text), 0]);

    public AttributeWriter Add(ushort type, AttributeWriter nested) => Add((ushort)(type | Nested), nested.Content);

    private AttributeWriter Add(ushort type, ReadOnlySpan<byte> content)
    {
        var length = HeaderSize + content.Length;
        var space = _bytes.GetSpan(NetlinkHeader.Align(length))[..NetlinkHeader.Align(length)];
        space.Clear();
        MemoryMarshal.Write(space, checked((ushort)length));
        MemoryMarshal.Write(space[2..], type);
        content.CopyTo(space[HeaderSize..]);
        _bytes.Advance(space.Length);
        return this;
    }
}
