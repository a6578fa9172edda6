namespace Becket.Blocks.Caching.Memory;

/// <summary>
/// Which piece lies in which slot, and which one goes when room is needed: S3-FIFO. Shared by all devices of a process.
/// Everything here is called under the cache's lock.
/// </summary>
/// <remarks>
/// <para>S3-FIFO (Yang et al., SOSP 2023): new pieces enter a short queue; those asked for again while they are in it go on to
/// the main queue, the others leave. A piece that comes back soon after it left goes to the main queue at once. Chosen over LRU and
/// SIEVE because a scan, or speculation that nobody reads, leaves through the short queue and does not wash the main one
/// out, and because a hit only raises a counter: no lock, no list.</para>
/// <para>The paper's short queue has a tenth of the room. Here it has a quarter: what was read ahead must live there until its
/// reader comes.</para>
/// </remarks>
internal sealed class MemoryCache : IDisposable
{
    private const int ShortShare = 4;

    private readonly Place[] _places;
    private readonly SlotQueue _free;
    private readonly SlotQueue _short;
    private readonly SlotQueue _main;
    private uint _evictions = 1;
    private long _evictionsInAll;

    public MemoryCache(long bytes)
    {
        Memory = new SlotMemory(bytes);
        var links = new SlotLinks(Memory.Slots);
        (_free, _short, _main) = (new SlotQueue(links), new SlotQueue(links), new SlotQueue(links));
        _places = new Place[Memory.Slots + 1];
        for (var slot = 1; slot <= Memory.Slots; slot++)
            _free.Append(slot);
    }

    public SlotMemory Memory { get; }

    /// <summary>Slots that hold a piece. May be read without the lock: then of about that moment.</summary>
    public int Used => _short.Count + _main.Count;

    /// <summary>Pieces that had to leave for others. May be read without the lock.</summary>
    public long Evictions => Volatile.Read(ref _evictionsInAll);

    /// <summary>
    /// Pins the slot of a piece and returns it; finds one for it if it has none, at the expense of others. 0: every slot is pinned.
    /// </summary>
    public int Rent(PieceTable table, long piece)
    {
        ref var state = ref table.Get(piece);
        if (state.Slot != 0)
        {
            Memory.TryPin(state.Slot); // slots change hands under this lock only, so it cannot fail
            return state.Slot;
        }

        var slot = _free.TakeFirst();
        if (slot == 0 && (slot = Evict()) == 0)
            return 0;

        // A piece that left not long ago was needed after all.
        var returns = state.Ghost != 0 && _evictions - state.Ghost < (uint)Memory.Slots;
        _places[slot] = new Place(table, piece, returns);
        (returns ? _main : _short).Append(slot);
        Memory.Frequency(slot) = 0;
        state.Ghost = 0;
        Memory.TryPin(slot);
        Volatile.Write(ref state.Slot, slot);
        return slot;
    }

    /// <summary>Gives a piece's slot back if nobody has it pinned: its bytes are known without it, or its device goes away.</summary>
    public bool TryRelease(PieceTable table, long piece)
    {
        ref var state = ref table.Get(piece);
        var slot = state.Slot;
        if (slot == 0)
            return true;
        if (!Memory.TryClaim(slot))
            return false;
        (_places[slot].InMain ? _main : _short).Remove(slot);
        Vacate(slot);
        Memory.EndClaim(slot);
        _free.Append(slot);
        return true;
    }

    /// <summary>Gives back every slot of a device, for which nobody works any more.</summary>
    public void ReleaseAll(PieceTable table)
    {
        for (var slot = 1; slot <= Memory.Slots; slot++)
        {
            if (_places[slot].Table == table)
                TryRelease(table, _places[slot].Piece);
        }
    }

    public void Dispose() => Memory.Dispose();

    private int Evict()
    {
        // A slot may be sent round as often as its frequency is high. A queue whose slots are all pinned is left for the other one.
        var (pinnedInShort, pinnedInMain) = (0, 0);
        while (pinnedInShort < _short.Count || pinnedInMain < _main.Count)
        {
            var fromShort = pinnedInMain >= _main.Count || (_short.Count > Memory.Slots / ShortShare && pinnedInShort < _short.Count);
            var slot = (fromShort ? _short : _main).TakeFirst();
            ref var frequency = ref Memory.Frequency(slot);
            if (fromShort && frequency > 0)
            {
                frequency = 0;
                MoveTo(_main, slot);
            }
            else if (frequency > 0)
            {
                frequency--;
                MoveTo(_main, slot);
            }
            else if (!Memory.TryClaim(slot))
            {
                _ = fromShort ? pinnedInShort++ : pinnedInMain++;
                MoveTo(fromShort ? _short : _main, slot);
            }
            else
            {
                _evictions++;
                _evictionsInAll++;
                if (fromShort)
                    _places[slot].Table!.Get(_places[slot].Piece).Ghost = _evictions;
                Vacate(slot);
                Memory.EndClaim(slot);
                return slot;
            }
        }
        return 0;
    }

    private void MoveTo(SlotQueue queue, int slot)
    {
        queue.Append(slot);
        _places[slot].InMain = queue == _main;
    }

    private void Vacate(int slot)
    {
        ref var state = ref _places[slot].Table!.Get(_places[slot].Piece);
        Volatile.Write(ref state.Slot, 0);
        (state.Present, state.Read, state.Touched) = (0, 0, false);
        _places[slot] = default;
    }

    private record struct Place(PieceTable? Table, long Piece, bool InMain);
}
