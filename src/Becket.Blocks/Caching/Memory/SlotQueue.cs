namespace Becket.Blocks.Caching.Memory;

/// <summary>
/// A first-in-first-out queue of slots that lets go of one in the middle, too. A slot is in one queue at most. Several queues share
/// the links of one <see cref="SlotLinks"/>. Not thread-safe.
/// </summary>
internal sealed class SlotQueue(SlotLinks links)
{
    private int _first;
    private int _last;

    public int Count { get; private set; }

    public void Append(int slot)
    {
        links.Previous[slot] = _last;
        links.Next[slot] = 0;
        if (_last == 0)
            _first = slot;
        else
            links.Next[_last] = slot;
        _last = slot;
        Count++;
    }

    /// <summary>Takes out the slot that has been in the queue longest; 0: there is none.</summary>
    public int TakeFirst()
    {
        var slot = _first;
        if (slot != 0)
            Remove(slot);
        return slot;
    }

    public void Remove(int slot)
    {
        var (previous, next) = (links.Previous[slot], links.Next[slot]);
        if (previous == 0)
            _first = next;
        else
            links.Next[previous] = next;
        if (next == 0)
            _last = previous;
        else
            links.Previous[next] = previous;
        Count--;
    }
}

/// <summary>The links between slots that stand in queues; 0 is the end.</summary>
internal sealed class SlotLinks(int slots)
{
    public int[] Next { get; } = new int[slots + 1];

    public int[] Previous { get; } = new int[slots + 1];
}
