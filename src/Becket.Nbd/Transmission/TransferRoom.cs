using System.Numerics;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The memory in which the requests of all connections of a server travel: what is rented and what is kept for the next one
/// never exceed its capacity together. Who is refused waits, and the client's next request with it.
/// </summary>
/// <remarks>
/// <para>
/// Fairness: a connection may hold as much as it leaves free. Alone it gets half, and a client that does not take its replies
/// keeps at most half of what was left. The first buffer of a connection only has to fit. Those that wait for their first one
/// are served in order and only small first ones overtake them. Those that hold some already are passed over until they may
/// have more, because theirs may be the clients that do not read.
/// </para>
/// <para>
/// What is longer than a quarter of the room would wait for too many others at once. It goes through a lane beside the room,
/// one at a time, and its memory is not kept.
/// </para>
/// </remarks>
internal sealed class TransferRoom(long capacity)
{
    /// <summary>Beside a power of two for the content there is a page for a reply's headers.</summary>
    private const int HeaderSpace = 4096;

    private const int SmallestContent = 4096;
    private const int Sizes = 20;

    /// <summary>A first buffer of this size does not queue: not even all connections together fill the room with these.</summary>
    private const int SmallFirst = (64 * 1024) + HeaderSpace;

    private readonly Lock _gate = new();
    private readonly Stack<TransferBuffer>[] _kept = [.. Enumerable.Range(0, Sizes).Select(_ => new Stack<TransferBuffer>())];
    private readonly LinkedList<RoomShare> _waiting = [];
    private bool _firstIsWaiting;
    private bool _laneIsTaken;
    private long _held;
    private long _keptBytes;
    private long _peak;

    /// <summary>The most bytes that were ever rented and kept together, those in the lane aside.</summary>
    public long Peak
    {
        get
        {
            lock (_gate)
                return _peak;
        }
    }

    /// <summary>Bytes that are rented now, those in the lane aside.</summary>
    public long Held
    {
        get
        {
            lock (_gate)
                return _held;
        }
    }

    public bool HasWaiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    public TransferBuffer? TryRent(RoomShare share, int length)
    {
        var size = CapacityFor(length);
        lock (_gate)
        {
            if (share.IsAborted || !MayEnter(share, size))
                return null;

            Enter(share, size);
            return Take(share, size, length);
        }
    }

    /// <summary>The share will be woken, at once where there is room. One wait at a time.</summary>
    public void Queue(RoomShare share, int length)
    {
        lock (_gate)
        {
            share.Wanted = CapacityFor(length);
            if (share.IsAborted)
                share.Wake();
            else
                _waiting.AddLast(share);

            ServeWaiting();
        }
    }

    /// <summary>What a woken share has waited for; null if it was woken by an abort.</summary>
    public TransferBuffer? TakeGranted(RoomShare share, int length)
    {
        lock (_gate)
        {
            if (!share.IsGranted)
                return null;

            share.IsGranted = false;
            return Take(share, share.Wanted, length);
        }
    }

    public void Return(RoomShare share, TransferBuffer buffer)
    {
        lock (_gate)
        {
            if (IsForLane(buffer.Capacity))
            {
                buffer.FreePages();
            }
            else
            {
                _kept[IndexOf(buffer.Capacity)].Push(buffer);
                _keptBytes += buffer.Capacity;
            }

            Leave(share, buffer.Capacity);
        }
    }

    public void Forget(RoomShare share, TransferBuffer buffer)
    {
        lock (_gate)
            Leave(share, buffer.Capacity);
    }

    public void Abort(RoomShare share)
    {
        lock (_gate)
        {
            share.IsAborted = true;
            if (!_waiting.Remove(share))
                return;

            share.Wake();
            ServeWaiting();
        }
    }

    private void ServeWaiting()
    {
        _firstIsWaiting = false;
        for (var place = _waiting.First; place is not null;)
        {
            var (share, next) = (place.Value, place.Next);
            if (MayEnter(share, share.Wanted))
            {
                _waiting.Remove(place);
                Enter(share, share.Wanted);
                share.IsGranted = true;
                share.Wake();
            }
            else if (share.Held == 0 && !IsForLane(share.Wanted))
            {
                _firstIsWaiting = true;
            }

            place = next;
        }
    }

    private bool MayEnter(RoomShare share, int size)
    {
        if (IsForLane(size))
            return !_laneIsTaken;
        if (_firstIsWaiting && !(share.Held == 0 && size <= SmallFirst))
            return false;

        var left = capacity - _held - size;
        return share.Held == 0 ? left >= 0 : share.Held + size <= left;
    }

    private void Enter(RoomShare share, int size)
    {
        share.Held += size;
        if (IsForLane(size))
            _laneIsTaken = true;
        else
            _held += size;
    }

    private void Leave(RoomShare share, int size)
    {
        share.Held -= size;
        if (IsForLane(size))
            _laneIsTaken = false;
        else
            _held -= size;

        if (_waiting.Count > 0)
            ServeWaiting();
    }

    /// <summary>Memory for what has entered: kept, or new. There is always room, but what is kept may have to go for it.</summary>
    private TransferBuffer Take(RoomShare share, int size, int length)
    {
        try
        {
            var buffer = IsForLane(size) ? new TransferBuffer(size) : TakeKept(size) ?? MakeNew(size);
            buffer.Lend(share, length);
            return buffer;
        }
        catch (OutOfMemoryException)
        {
            Leave(share, size);
            throw;
        }
    }

    private TransferBuffer? TakeKept(int size)
    {
        if (!_kept[IndexOf(size)].TryPop(out var buffer))
            return null;

        _keptBytes -= size;
        return buffer;
    }

    private TransferBuffer MakeNew(int size)
    {
        for (var index = Sizes - 1; index >= 0 && _held + _keptBytes > capacity;)
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

        _peak = Math.Max(_peak, _held + _keptBytes);
        return new TransferBuffer(size);
    }

    private bool IsForLane(int size) => size > capacity / 4;

    private static int CapacityFor(int length) =>
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length - HeaderSpace, SmallestContent)) + HeaderSpace;

    private static int IndexOf(int size) => BitOperations.Log2((uint)(size - HeaderSpace) / SmallestContent);
}
