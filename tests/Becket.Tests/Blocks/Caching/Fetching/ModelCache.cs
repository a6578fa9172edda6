using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// A cache without bytes that forgets nothing: the real planner, queue and estimator over a store in simulated time.
/// </summary>
internal sealed class ModelCache
{
    /// <summary>How many bytes of a body arrive together.</summary>
    private const int Chunk = 64 << 10;

    private readonly BlockMap _map;
    private readonly ModelStore _store;
    private readonly FetchPlanner _planner;
    private readonly FetchQueue _queue;
    private readonly PaceEstimator _pace = new();
    private readonly Dictionary<long, ModelFetch> _coming = []; // by block

    public ModelCache(long size, FetchPolicy policy, int connections, ModelStore store)
    {
        _map = new BlockMap(size, Enqueue);
        _planner = new FetchPlanner(size, policy);
        _queue = new FetchQueue(connections);
        _store = store;
    }

    /// <summary>Whether the planner is told what the store's pace is, as it is measured here.</summary>
    public required bool Adapts { get; init; }

    public int Gets { get; private set; }

    public long Fetched { get; private set; }

    private TimeSpan Now => TimeSpan.FromMicroseconds(_store.Now);

    /// <summary>Reads a range; <paramref name="answered"/> is told once, when all of it is there.</summary>
    public void Read(ByteRange range, Action answered)
    {
        if (_map.IsNew(range))
            _planner.OnRead(range, _map);
        var waitsFor = 0;
        foreach (var (fetch, bytes) in Coming(range))
        {
            _queue.Promote(fetch);
            if (fetch.Body is { } body && _store.HasArrived(body, bytes))
                continue;
            waitsFor++;
            if (fetch.Body is null)
                fetch.Waiting.Add((bytes, Arrived));
            else
                _store.WhenArrived(fetch.Body, bytes, Arrived);
        }

        while (_queue.TryDrop(_planner.Sizes.Waiting) is ModelFetch dropped)
        {
            Leave(dropped);
            _map.Forget(dropped.Range);
        }

        Start();
        if (waitsFor == 0)
            answered();

        void Arrived()
        {
            if (--waitsFor == 0)
                answered();
        }
    }

    private void Enqueue(ByteRange range, FetchPriority priority)
    {
        var fetch = new ModelFetch(range, priority);
        foreach (var block in BlocksOf(range))
            _coming.Add(block, fetch);
        _queue.Enqueue(fetch);
    }

    /// <summary>The GETs that a range waits for, each with how many of its bytes have to be there.</summary>
    private List<(ModelFetch Fetch, long Bytes)> Coming(ByteRange range)
    {
        var coming = new List<(ModelFetch Fetch, long Bytes)>();
        foreach (var block in BlocksOf(range))
        {
            if (_coming.TryGetValue(block, out var fetch) && (coming.Count == 0 || coming[^1].Fetch != fetch))
                coming.Add((fetch, Math.Min(fetch.Range.End, range.AlignOutward(CacheGeometry.Block).End) - fetch.Range.Offset));
        }

        return coming;
    }

    private void Start()
    {
        while (_queue.TryStart() is ModelFetch fetch)
        {
            Gets++;
            Fetched += fetch.Range.Length;
            var sent = Now;
            fetch.Body = _store.Get(fetch.Range.Length, () => _pace.Begin(Now, Now - sent), () => End(fetch));
            for (var at = 0L; at < fetch.Range.Length; at += Chunk)
            {
                var bytes = Math.Min(Chunk, fetch.Range.Length - at);
                _store.WhenArrived(fetch.Body, at + bytes, () => _pace.Receive(Now, bytes));
            }

            foreach (var (bytes, action) in fetch.Waiting)
                _store.WhenArrived(fetch.Body, bytes, action);
        }
    }

    private void End(ModelFetch fetch)
    {
        Leave(fetch);
        _queue.Finish(fetch);
        _pace.End(Now);
        if (Adapts && _pace.Pace is { } pace)
            _planner.Adapt(pace);
        Start();
    }

    private void Leave(ModelFetch fetch)
    {
        foreach (var block in BlocksOf(fetch.Range))
            _coming.Remove(block);
    }

    private static IEnumerable<long> BlocksOf(ByteRange range)
    {
        for (var block = range.Offset / CacheGeometry.Block; block * CacheGeometry.Block < range.End; block++)
            yield return block;
    }

    private sealed class ModelFetch(ByteRange range, FetchPriority priority) : Fetch(range, priority)
    {
        public ModelStore.Body? Body { get; set; }

        public List<(long Bytes, Action Action)> Waiting { get; } = [];
    }
}
