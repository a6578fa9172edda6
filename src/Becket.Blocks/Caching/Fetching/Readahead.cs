namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Tells sequential readers apart and says how far ahead of each to fetch. A slot per reader, the one unused for longest
/// is given to a new one. Not thread-safe.
/// </summary>
internal sealed class Readahead(int slots, long first)
{
    /// <summary>
    /// How far from where a reader stopped it may go on. Whoever reads little by little is seen once per piece only.
    /// </summary>
    private const long Slack = CacheGeometry.Piece;

    private readonly Stream[] _streams = new Stream[slots];
    private long _clock;

    /// <summary>
    /// Notes a read and returns what to fetch ahead of it, often nothing; may reach beyond the device.
    /// </summary>
    /// <param name="read">What was read.</param>
    /// <param name="most">The furthest to read ahead now.</param>
    /// <param name="get">The size of a GET: a window longer than that ends on a multiple of it.</param>
    public ByteRange Follow(ByteRange read, long most, long get)
    {
        _clock++;
        var oldest = 0;
        for (var i = 0; i < _streams.Length; i++)
        {
            ref var stream = ref _streams[i];
            if (stream.Used != 0 && read.Offset >= stream.Next - Slack)
            {
                if (read.End <= stream.Next)
                    return default; // has been here before
                if (read.Offset <= stream.Next + Slack)
                    return stream.GoOn(read.End, _clock, most, get);
            }

            if (stream.Used < _streams[oldest].Used)
                oldest = i;
        }

        if (_streams.Length > 0)
            _streams[oldest] = new Stream { Next = read.End, Window = first, Used = _clock };
        return default;
    }

    private struct Stream
    {
        /// <summary>Where the next read is expected.</summary>
        public long Next;

        public long Window;

        /// <summary>Up to where it has been fetched ahead; zero before the first time.</summary>
        public long Ahead;

        /// <summary>When it last went on; zero for a slot that was never used.</summary>
        public long Used;

        public ByteRange GoOn(long end, long clock, long most, long get)
        {
            Next = end;
            Used = clock;
            if (end + (Window / 2) < Ahead)
                return default;
            // Half of what was fetched ahead has been used: the reader means it.
            Window = Math.Min(most, Ahead == 0 ? Window : Window * 2);
            var until = end + Window;
            if (Window >= get)
                until = (until + get - 1) / get * get;
            var from = Math.Max(end, Ahead);
            if (Window == 0 || until <= from)
                return default;
            Ahead = until;
            return ByteRange.FromBounds(from, until);
        }
    }
}
