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
/// Newcomers, whose clients have yet to prove that they take what they ask for, share one half of the room, and never get the last
/// quarter: the others do not notice how many there are that never read. For those that wait without holding anything
/// <see cref="RoomWatch"/> makes room.
/// </para>
/// <para>
/// What is longer than a quarter of the room would wait for too many others at once. It goes through a lane beside the room,
/// one at a time, and its memory is not kept.
/// </para>
/// </remarks>
internal sealed class TransferRoom(long capacity, TimeSpan patience, TimeProvider time)
{
    /// <summary>A first buffer of this size does not queue: not even all connections together fill the room with these.</summary>
    private const int SmallFirst = 68 * 1024;

    private readonly Lock _gate = new();
    private readonly KeptBuffers _kept = new();
    private readonly LinkedList<RoomShare> _waiting = [];
    private readonly HashSet<RoomShare> _members = [];
    private bool _firstIsWaiting;
    private bool _newcomerIsWaiting;
    private bool _isWatched;
    private bool _laneIsTaken;
    private long _held;
    private long _heldByNewcomers;
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

    public void Join(RoomShare share)
    {
        lock (_gate)
            _members.Add(share);
    }

    /// <summary>The share's client is gone. What it still holds may yet come back.</summary>
    public void Part(RoomShare share)
    {
        lock (_gate)
            _members.Remove(share);
    }

    public TransferBuffer? TryRent(RoomShare share, int length)
    {
        var size = KeptBuffers.CapacityFor(length);
        lock (_gate)
        {
            Judge(share);
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
            share.Wanted = KeptBuffers.CapacityFor(length);
            if (share.IsAborted)
                share.Wake();
            else
                _waiting.AddLast(share);

            ServeWaiting();
            if (_isWatched || _waiting.Count == 0)
                return;

            _isWatched = true;
        }

        _ = new RoomWatch(this, patience, time).RunAsync();
    }

    /// <summary>For the watch: who waits with empty hands, and who holds something. Null, and the watch over, when nobody waits.</summary>
    public Crowd? FindCrowd()
    {
        lock (_gate)
        {
            _isWatched = _waiting.Count > 0;
            if (!_isWatched)
                return null;

            var free = _firstIsWaiting ? capacity - _held : Math.Max((capacity / 2) - _heldByNewcomers, 0);
            var starving = _waiting.Where(share => share.Held == 0).ToLookup(share => IsForLane(share.Wanted));
            var holding = _members.Where(share => share.Held > 0);
            return new Crowd(
                starving[false].Sum(share => (long)share.Wanted) - free,
                starving[true].Any(),
                OnlyNewcomers: !_firstIsWaiting,
                [.. holding.Select(share => new Crowd.Member(share, share.Held, share.HeldInLane, share.IsNewcomer))]);
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
                buffer.FreePages();
            else
                _kept.Keep(buffer);

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
        (_firstIsWaiting, _newcomerIsWaiting) = (false, false);
        for (var place = _waiting.First; place is not null;)
        {
            var (share, next) = (place.Value, place.Next);
            Judge(share);
            if (MayEnter(share, share.Wanted))
            {
                _waiting.Remove(place);
                Enter(share, share.Wanted);
                share.IsGranted = true;
                share.Wake();
            }
            else if (share.Held == 0 && !IsForLane(share.Wanted))
            {
                _firstIsWaiting |= IsFull(share.Wanted);
                _newcomerIsWaiting |= share.IsNewcomer;
            }

            place = next;
        }
    }

    private bool MayEnter(RoomShare share, int size)
    {
        if (IsForLane(size))
            return !_laneIsTaken;

        var isFirst = share.Held == 0;
        var isSmallFirst = isFirst && size <= SmallFirst;
        if (_firstIsWaiting && !isSmallFirst)
            return false;

        if (share.IsNewcomer)
        {
            // They share their half as all share the whole. Small first buffers may go beyond it, but leave room for the longest one.
            var left = (isSmallFirst ? capacity - Quarter : capacity / 2) - _heldByNewcomers - size;
            if (left < (isFirst ? 0 : share.Held + size) || (_newcomerIsWaiting && !isSmallFirst))
                return false;
        }

        return !IsFull(size) && (isFirst || share.Held + size <= capacity - _held - size);
    }

    private bool IsFull(int size) => _held + size > capacity;

    /// <summary>A newcomer that has taken enough is none from now on, with all that it holds.</summary>
    private void Judge(RoomShare share)
    {
        if (!share.IsNewcomer || !share.HasProven)
            return;

        share.IsNewcomer = false;
        _heldByNewcomers -= share.Held - share.HeldInLane;
    }

    private void Enter(RoomShare share, int size) => Count(share, size, size);

    private void Leave(RoomShare share, int size)
    {
        Count(share, size, -size);
        if (_waiting.Count > 0)
            ServeWaiting();
    }

    private void Count(RoomShare share, int size, int change)
    {
        share.Held += change;
        if (IsForLane(size))
        {
            share.HeldInLane += change;
            _laneIsTaken = change > 0;
            return;
        }

        _held += change;
        if (share.IsNewcomer)
            _heldByNewcomers += change;
    }

    /// <summary>Memory for what has entered: kept, or new. There is always room, but what is kept may have to go for it.</summary>
    private TransferBuffer Take(RoomShare share, int size, int length)
    {
        try
        {
            var buffer = IsForLane(size) ? new TransferBuffer(size) : _kept.TryTake(size) ?? MakeNew(size);
            buffer.Lend(share, length);
            return buffer;
        }
        catch (OutOfMemoryException)
        {
            Leave(share, size);
            throw;
        }
    }

    private TransferBuffer MakeNew(int size)
    {
        _kept.Shrink(capacity - _held);
        _peak = Math.Max(_peak, _held + _kept.Bytes);
        return new TransferBuffer(size);
    }

    private long Quarter => capacity / 4;

    private bool IsForLane(int size) => size > Quarter;
}
