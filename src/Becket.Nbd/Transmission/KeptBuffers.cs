using System.Numerics;

namespace Becket.Nbd.Transmission;

/// <summary>
/// Buffers that nobody rents now, by size, each a power of two and a page for a reply's headers. Belongs to its
/// <see cref="TransferRoom"/>, under whose lock all calls are made.
/// </summary>
internal sealed class KeptBuffers
{
    private const int HeaderSpace = 4096;
    private const int SmallestContent = 4096;
    private const int Sizes = 20;

    private readonly Stack<TransferBuffer>[] _bySize = [.. Enumerable.Range(0, Sizes).Select(_ => new Stack<TransferBuffer>())];

    public long Bytes { get; private set; }

    /// <summary>The capacity of a buffer for so many bytes.</summary>
    public static int CapacityFor(int length) =>
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length - HeaderSpace, SmallestContent)) + HeaderSpace;

    public void Keep(TransferBuffer buffer)
    {
        _bySize[IndexOf(buffer.Capacity)].Push(buffer);
        Bytes += buffer.Capacity;
    }

    public TransferBuffer? TryTake(int capacity)
    {
        if (!_bySize[IndexOf(capacity)].TryPop(out var buffer))
            return null;

        Bytes -= capacity;
        return buffer;
    }

    /// <summary>Gives the memory of the largest ones back until no more than so many bytes are kept.</summary>
    public void Shrink(long bytes)
    {
        for (var index = Sizes - 1; index >= 0 && Bytes > bytes;)
        {
            if (_bySize[index].TryPop(out var unneeded))
            {
                Bytes -= unneeded.Capacity;
                unneeded.FreePages();
            }
            else
            {
                index--;
            }
        }
    }

    private static int IndexOf(int capacity) => BitOperations.Log2((uint)(capacity - HeaderSpace) / SmallestContent);
}
