namespace Becket.Blocks.Caching.Disk;

/// <summary>A piece that eviction may take: when it came onto the disk, the number of its object in this run, the piece.</summary>
internal readonly record struct EvictionCandidate(long Sequence, int Object, long Piece) : IComparable<EvictionCandidate>
{
    public int CompareTo(EvictionCandidate other)
    {
        var order = Sequence.CompareTo(other.Sequence);
        if (order == 0)
            order = Object.CompareTo(other.Object);
        return order == 0 ? Piece.CompareTo(other.Piece) : order;
    }

    public static bool operator <(EvictionCandidate a, EvictionCandidate b) => a.CompareTo(b) < 0;

    public static bool operator >(EvictionCandidate a, EvictionCandidate b) => a.CompareTo(b) > 0;

    public static bool operator <=(EvictionCandidate a, EvictionCandidate b) => a.CompareTo(b) <= 0;

    public static bool operator >=(EvictionCandidate a, EvictionCandidate b) => a.CompareTo(b) >= 0;
}

/// <summary>
/// The oldest candidates behind the hand, no more of them than a given number, out of any number that is added in any order: a large
/// cache has millions of pieces, of which one run takes a few.
/// </summary>
internal sealed class EvictionCandidates(long hand, int capacity)
{
    private readonly List<EvictionCandidate> _list = [];
    private long _last = long.MaxValue;

    public void Add(EvictionCandidate candidate)
    {
        if (candidate.Sequence <= hand || candidate.Sequence > _last)
            return;
        _list.Add(candidate);
        if (_list.Count >= 2 * capacity)
            Cut();
    }

    public IReadOnlyList<EvictionCandidate> InOrder()
    {
        Cut();
        return _list;
    }

    private void Cut()
    {
        _list.Sort();
        if (_list.Count <= capacity)
            return;
        _list.RemoveRange(capacity, _list.Count - capacity);
        // Those of the same microsecond that are cut off here wait until the hand comes around again.
        _last = _list[^1].Sequence;
    }
}
