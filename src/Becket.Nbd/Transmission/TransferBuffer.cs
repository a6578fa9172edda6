using System.Runtime.InteropServices;

namespace Becket.Nbd.Transmission;

/// <summary>
/// Bytes of a request on their way, rented from the server's <see cref="TransferRoom"/>. It has one owner at a time, who hands
/// it on or disposes it, once; after that nobody touches the memory again, because somebody else gets it.
/// </summary>
internal sealed partial class TransferBuffer(int capacity) : IDisposable
{
    private const int PageSize = 4096;
    private const int DontNeed = 4;

    /// <summary>Pinned, so that its pages can be given back to the kernel; untouched, so that it has none yet.</summary>
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);

    private RoomShare? _share;

    /// <summary>What it takes of the room, whatever its length is.</summary>
    public int Capacity => capacity;

    public int Length { get; private set; }

    public Span<byte> Span => _bytes.AsSpan(0, Length);

    public Memory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>For the room: a new owner. The content is undefined until it is written.</summary>
    public void Lend(RoomShare share, int length) => (_share, Length) = (share, length);

    /// <summary>Keeps the first bytes only.</summary>
    public void Shorten(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    public void Dispose() => Interlocked.Exchange(ref _share, null)?.Return(this);

    /// <summary>
    /// Gives the room back but never the memory to anybody else: the right end after an operation failed that may have left
    /// somebody behind who still writes into it (README, 8).
    /// </summary>
    public void Abandon()
    {
        if (Interlocked.Exchange(ref _share, null) is not { } share)
            return;

        FreePages();
        share.Forget(this);
    }

    /// <summary>
    /// Gives the pages back to the kernel at once; the garbage collector would take its time, and memory would not be bounded. The
    /// addresses stay valid until nobody refers to them, so that a late write hits nothing else.
    /// </summary>
    public void FreePages()
    {
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        var firstPage = (start + PageSize - 1) & -PageSize;
        var lastPage = (start + _bytes.Length) & -PageSize;
        if (lastPage > firstPage)
            _ = Advise(firstPage, lastPage - firstPage, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nint length, int advice);
}
