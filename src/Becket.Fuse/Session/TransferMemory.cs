using System.Numerics;

namespace Becket.Fuse.Session;

/// <summary>
/// The memory of requests that wait for the device: what is rented and what is kept for the next one never exceed its capacity
/// together. Whoever finds no room waits, and with it the kernel's next request; only session threads do.
/// </summary>
internal sealed class TransferMemory(long capacity)
{
    private const int Smallest = 4096;
    private const int Sizes = 20;

    private readonly object _gate = new();
    private readonly Stack<TransferBuffer>[] _kept = [.. Enumerable.Range(0, Sizes).Select(_ => new Stack<TransferBuffer>())];
    private long _rented;
    private long _keptBytes;
    private bool _isClosed;

    /// <summary>Waits until there is room; null once it is closed. What is alone always fits.</summary>
    public TransferBuffer? Rent(int length)
    {
        var size = SizeFor(length);
        lock (_gate)
        {
            while (!_isClosed && _rented > 0 && _rented + size > capacity)
                Monitor.Wait(_gate);
            if (_isClosed)
                return null;

            _rented += size;
            if (_kept[IndexOf(size)].TryPop(out var buffer))
            {
                _keptBytes -= size;
                return buffer;
            }
            MakeRoom();
        }
        try
        {
            return new TransferBuffer(size);
        }
        catch (OutOfMemoryException)
        {
            Leave(size);
            throw;
        }
    }

    public void Return(TransferBuffer buffer)
    {
        lock (_gate)
        {
            _kept[IndexOf(buffer.Capacity)].Push(buffer);
            _keptBytes += buffer.Capacity;
            _rented -= buffer.Capacity;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Gives the room back but never the memory to anybody else: the right end after an operation failed that may have left
    /// somebody behind who still writes into it.
    /// </summary>
    public void Abandon(TransferBuffer buffer)
    {
        buffer.FreePages();
        Leave(buffer.Capacity);
    }

    /// <summary>Wakes whoever waits; nobody gets anything any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Leave(int size)
    {
        lock (_gate)
        {
            _rented -= size;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Lets go of kept buffers, the largest first, until those and the rented ones are within the capacity.</summary>
    private void MakeRoom()
    {
        for (var index = Sizes - 1; index >= 0 && _rented + _keptBytes > capacity;)
        {
            if (_kept[index].TryPop(out var unneeded))
            {
                _keptBytes -= unneeded.Capacity;
                unneeded.FreePages();
            }
            else
            {
                index--;
            }
        }
    }

    private static int SizeFor(int length) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, Smallest));

    private static int IndexOf(int size) => BitOperations.Log2((uint)size / Smallest);
}
