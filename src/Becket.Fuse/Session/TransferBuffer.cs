using System.Runtime.InteropServices;
using Becket.Fuse.Protocol;

namespace Becket.Fuse.Session;

/// <summary>
/// A reply on its way, or a write's payload. The content begins on a page, the header stands right before it, so that a reply is
/// one piece of memory. One owner at a time.
/// </summary>
internal sealed class TransferBuffer(int capacity)
{
    private const int Lead = 4096;

    /// <summary>Pinned, so that its pages can be given back to the kernel; untouched, so that it has none yet.</summary>
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Lead + capacity, pinned: true);

    /// <summary>The longest content.</summary>
    public int Capacity => capacity;

    public Span<byte> Content => _bytes.AsSpan(Lead);

    public Memory<byte> Memory => _bytes.AsMemory(Lead);

    /// <summary>Puts the header before the first bytes of the content and returns the whole reply.</summary>
    public ReadOnlySpan<byte> Seal(ulong unique, Errno error, int length)
    {
        var reply = _bytes.AsSpan(Lead - ReplyHeader.Size, ReplyHeader.Size + length);
        new ReplyHeader((uint)reply.Length, error, unique).Write(reply);
        return reply;
    }

    /// <summary>
    /// Gives the pages back to the kernel. The addresses stay valid until nobody refers to them, so that a late write by a device
    /// that has failed hits nothing else.
    /// </summary>
    public void FreePages()
    {
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        var firstPage = (start + Lead - 1) & -Lead;
        var lastPage = (start + _bytes.Length) & -Lead;
        if (lastPage > firstPage)
            _ = Libc.Advise(firstPage, lastPage - firstPage, Libc.AdviseDontNeed);
    }
}
