using System.Numerics;

namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Decides what to fetch when a device is read: what was asked for at once, and on credit what will probably be asked for
/// next. Guarded by the cache's lock; it does no I/O and knows no time. Numbers in comments are the rules in the README.
/// </summary>
internal sealed class FetchPlanner(long size, FetchPolicy policy)
{
    private readonly Readahead _readahead = new(policy.Streams, policy.FirstReadahead);

    /// <summary>How many bytes may be fetched on speculation; never negative.</summary>
    public long Credit { get; private set; } = policy.InitialCredit;

    /// <summary>How far to reach; follows the store (11).</summary>
    public FetchSizes Sizes { get; private set; } = FetchSizes.Of(policy);

    /// <summary>
    /// Fetches what a read lacks and what goes with it. To be called for every read that lacks something or that touches a piece
    /// for the first time; a read of a piece that was touched before, and lacks nothing, changes nothing here.
    /// </summary>
    public void OnRead(ByteRange range, IFetchTarget target)
    {
        if (range.IsEmpty)
            return;
        var (missed, touched) = Touch(range, target);
        if (missed >= 0)
        {
            var zone = TakeZone(missed, range, target, out var cost);
            Demand(missed, range, zone, target);
            Surround(missed, range, zone, target);
            Credit -= cost;
        }
        else if (touched >= 0)
        {
            var zone = TakeZone(touched, range, target, out var cost); // 6
            Surround(touched, range, zone, target);
            Credit -= cost;
        }

        var ahead = _readahead.Follow(range, Sizes.Readahead, Sizes.Get); // 9
        Background(ahead, Math.Max(Sizes.Get, Math.Min(Sizes.StreamGet, ahead.Length / 4)), target);
    }

    /// <summary>Fetches what a range lacks, because the client said that it will read it. Nobody waits, and it costs no credit.</summary>
    public void OnPrefetch(ByteRange range, IFetchTarget target) => Background(range, Sizes.Get, target);

    /// <summary>Fits the sizes to what was measured (11). Calling it often is cheap.</summary>
    public void Adapt(StorePace pace) => Sizes = FetchSizes.For(policy, pace);

    /// <summary>
    /// Touches the pieces of a read and takes what they earn (2). Returns its first absent block and the first piece that was
    /// touched for the first time, as offsets; -1 for none.
    /// </summary>
    private (long Missed, long Touched) Touch(ByteRange range, IFetchTarget target)
    {
        var (missed, touched) = (-1L, -1L);
        for (var piece = CacheGeometry.PieceOf(range.Offset); piece <= CacheGeometry.PieceOf(range.End - 1); piece++)
        {
            var start = piece * CacheGeometry.Piece;
            var from = (int)Math.Max(range.Offset - start, 0);
            var to = (int)Math.Min(range.End - start, CacheGeometry.Piece);
            var absent = target.AbsentBlocks(piece) & CacheGeometry.BlocksOf(from, to);
            if (target.Touch(piece))
            {
                if (touched < 0)
                    touched = start;
                if (absent == 0)
                    Credit = Math.Max(Credit, Math.Min(policy.MaximumCredit, Credit + policy.EarnedCredit));
            }

            if (absent != 0 && missed < 0)
                missed = start + ((long)BitOperations.TrailingZeroCount(absent) * CacheGeometry.Block);
        }

        return (missed, touched);
    }

    /// <summary>
    /// The largest zone around an offset that the credit pays for (3), and what it costs: its absent bytes, without the pieces
    /// that the read touches. Those are free, so the smallest zone always can be had.
    /// </summary>
    private ByteRange TakeZone(long offset, ByteRange range, IFetchTarget target, out long cost)
    {
        var free = range.AlignOutward(CacheGeometry.Piece);
        for (var length = Sizes.Zone; ; length /= 2)
        {
            var zone = new ByteRange(offset & -length, length);
            cost = AbsentRuns.Count(target, zone, size) - AbsentRuns.Count(target, zone.Intersect(free), size);
            if (cost <= Credit)
                return zone;
        }
    }

    /// <summary>
    /// The GETs that the read waits for (4): from the start of the missed piece on, and the first one on into the zone, because
    /// the connection is there and what comes next in the file is probably asked for next.
    /// </summary>
    private void Demand(long missed, ByteRange range, ByteRange zone, IFetchTarget target)
    {
        var start = missed & -CacheGeometry.Piece;
        var end = Math.Max(range.AlignOutward(CacheGeometry.Piece).End, Math.Min(zone.End, start + Sizes.Get));
        foreach (var run in new AbsentRuns(target, ByteRange.FromBounds(start, end), size))
        {
            if (run.End <= missed)
                continue; // before the read: nobody waits for it
            for (var from = run.Offset; from < run.End && from < range.End;)
            {
                var to = Math.Min(run.End, from + policy.DemandGet);
                target.Fetch(ByteRange.FromBounds(from, to), FetchPriority.Demand);
                from = to;
            }
        }
    }

    /// <summary>The rest of the zone, and of the pieces that the read touches, in the background (5): forward first.</summary>
    private void Surround(long offset, ByteRange range, ByteRange zone, IFetchTarget target)
    {
        var start = offset & -CacheGeometry.Piece;
        var end = Math.Max(zone.End, range.AlignOutward(CacheGeometry.Piece).End);
        Background(ByteRange.FromBounds(start, end), Sizes.Get, target);
        Background(ByteRange.FromBounds(zone.Offset, start), Sizes.Get, target);
    }

    /// <param name="range">What to fetch of, as far as it is absent.</param>
    /// <param name="get">The longest GET; rounded down to a power of two.</param>
    /// <param name="target">Where to.</param>
    private void Background(ByteRange range, long get, IFetchTarget target)
    {
        get = 1L << BitOperations.Log2((ulong)get);
        foreach (var run in new AbsentRuns(target, range, size))
        {
            for (var from = run.Offset; from < run.End;)
            {
                var to = Math.Min(run.End, (from & -get) + get);
                target.Fetch(ByteRange.FromBounds(from, to), FetchPriority.Background);
                from = to;
            }
        }
    }
}
