using System.Diagnostics;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Brings blocks in: asks the planner what to fetch, the queue in which order, runs the GETs and tells those who wait as the
/// bytes come. For many threads at once; its state is guarded by the cache's lock, and nothing waits while it holds it.
/// </summary>
/// <remarks>
/// A GET that has started runs to its end, whoever stops waiting for it: its bytes are paid for. Disposing cancels all of
/// them and returns when the last one has let go of its slot.
/// </remarks>
internal sealed partial class FetchScheduler : IFetchTarget, IAsyncDisposable
{
    private readonly IRangeSource _source;
    private readonly BlockCache _cache;
    private readonly CachedPieces _pieces;
    private readonly FetchPlanner _planner;
    private readonly FetchQueue _queue;
    private readonly ConnectionLimit _limit;
    private readonly PaceEstimator _pace = new();
    private readonly FetchTotals _totals = new();
    private readonly TimeProvider _time;
    private readonly long _opened;
    private readonly CancellationTokenSource _closing = new();
    private readonly HashSet<Arrival> _arrivals = [];
    private TaskCompletionSource? _idle;
    private int _working; // GETs and loads under way

    public FetchScheduler(IRangeSource source, BlockCache cache, CachedPieces pieces, CacheSettings settings, TimeProvider time)
    {
        (_source, _cache, _pieces, _time) = (source, cache, pieces, time);
        _opened = time.GetTimestamp();
        _planner = new FetchPlanner(source.Info.Size, settings.Policy);
        _limit = new ConnectionLimit(settings.Connections);
        _queue = new FetchQueue(_limit.Current);
    }

    public FetchTotals Totals => _totals;

    /// <summary>Told of every piece when it is touched for the first time. Called under the cache's lock.</summary>
    public Action<long>? Touched { get; init; }

    /// <summary>Tells the planner of a read that was no warm hit, and starts what it wants.</summary>
    public void Announce(ByteRange range)
    {
        List<Arrival>? startable;
        lock (_cache.Gate)
        {
            if (_closing.IsCancellationRequested)
                return;
            _planner.OnRead(range, this);
            startable = TakeStartable();
        }
        Start(startable);
    }

    /// <summary>Fetches what is absent of a range, behind everything that somebody waits for.</summary>
    public void Prefetch(ByteRange range)
    {
        List<Arrival>? startable;
        lock (_cache.Gate)
        {
            if (_closing.IsCancellationRequested)
                return;
            _planner.OnPrefetch(range, this);
            startable = TakeStartable();
        }
        Start(startable);
    }

    /// <summary>
    /// The arrival that brings the first missing byte of a part of one piece, asked for if need be, and a task that completes
    /// when it has brought what it can of the part; null where nothing is missing now.
    /// </summary>
    public (Arrival Arrival, Task Task)? WaitFor(ByteRange part)
    {
        List<Arrival>? startable = null;
        DiskLoad? load = null;
        (Arrival, Task)? wait;
        lock (_cache.Gate)
        {
            if (_closing.IsCancellationRequested)
                throw Closed();
            var piece = PieceOf(part.Offset);
            var missing = _pieces.Missing(piece, BlocksOf((int)(part.Offset - (piece * Piece)), (int)(part.End - (piece * Piece))));
            if (missing == 0)
            {
                // A piece that was asked for forgets that with its slot: it was pushed out and came back, or was found to be zero.
                Touch(piece);
                return null;
            }

            var first = CachedPieces.First(missing);
            if (!_pieces.IsPending(piece, first) && (load = LoadFor(piece, first)) is null)
            {
                _planner.OnRead(part, this);
                startable = TakeStartable();
            }

            var arrival = Find(piece, first);
            if (arrival is { State: FetchState.Queued, Priority: FetchPriority.Background })
            {
                _queue.Promote(arrival);
                startable ??= TakeStartable();
            }
            wait = (arrival, arrival.WaitFor(part.End));
        }
        if (load is not null)
            _ = LoadAsync(load);
        Start(startable);
        return wait;
    }

    uint IFetchTarget.AbsentBlocks(long piece) => _pieces.Absent(piece);

    bool IFetchTarget.Touch(long piece) => Touch(piece);

    private bool Touch(long piece)
    {
        if (!_pieces.Touch(piece))
            return false;
        Touched?.Invoke(piece);
        return true;
    }

    void IFetchTarget.Fetch(ByteRange range, FetchPriority priority)
    {
        Enqueue(range, priority);
        while (_queue.TryDrop(_planner.Sizes.Waiting) is { } dropped)
        {
            _pieces.SetPending(dropped.Range, pending: false);
            _arrivals.Remove((Arrival)dropped);
        }
    }

    /// <summary>What the GETs that have been sent still have to bring.</summary>
    public IReadOnlyList<ByteRange> Fetching()
    {
        lock (_cache.Gate)
        {
            return
            [
                .. _arrivals.Where(static arrival => arrival.State == FetchState.Running)
                    .Select(static arrival => ByteRange.FromBounds(arrival.Reached, arrival.Range.End)),
            ];
        }
    }

    /// <summary>Completes when no GET and no load is under way.</summary>
    public Task WhenIdleAsync()
    {
        lock (_cache.Gate)
        {
            return _working == 0
                ? Task.CompletedTask
                : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        GiveUpQueued();
        await WhenIdleAsync();
        _closing.Dispose();
    }

    /// <summary>What still waits for a connection will not get one, and whoever waits for it hears so at once.</summary>
    private void GiveUpQueued()
    {
        List<Arrival.Waiter>? due = null;
        lock (_cache.Gate)
        {
            foreach (var queued in _arrivals.Where(static arrival => arrival.State == FetchState.Queued).ToList())
            {
                _pieces.SetPending(queued.Range, pending: false);
                _arrivals.Remove(queued);
                queued.End(ref due);
            }
        }
        Arrival.Waiter.CompleteAll(due, Closed());
    }

    private BlockDeviceException Closed() => new(BlockError.Io, $"{_source.Info.Description} is being closed");

    private void Enqueue(ByteRange range, FetchPriority priority)
    {
        _pieces.SetPending(range, pending: true);
        var arrival = new Arrival(range, priority) { Created = _time.GetTimestamp() };
        _arrivals.Add(arrival);
        _queue.Enqueue(arrival);
    }

    private Arrival Find(long piece, int block)
    {
        var offset = (piece * Piece) + (block * Block);
        foreach (var arrival in _arrivals)
        {
            if (arrival.Brings(offset))
                return arrival;
        }
        throw new UnreachableException($"nothing brings the block at {offset}, which is on its way");
    }

    private List<Arrival>? TakeStartable()
    {
        List<Arrival>? startable = null;
        while (!_closing.IsCancellationRequested)
        {
            if (_queue.TryStart() is { } fetch)
            {
                _working++;
                (startable ??= []).Add((Arrival)fetch);
            }
            else if (!TryFeed())
            {
                break;
            }
        }
        return startable;
    }

    /// <summary>Sends the first one from here, without a change of threads: somebody waits for it most likely.</summary>
    private void Start(List<Arrival>? startable)
    {
        if (startable is null)
            return;
        for (var i = 1; i < startable.Count; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static work => _ = work.Scheduler.RunAsync(work.Arrival),
                (Scheduler: this, Arrival: startable[i]),
                preferLocal: false);
        }
        _ = RunAsync(startable[0]);
    }

    private void Leave()
    {
        TaskCompletionSource? idle = null;
        lock (_cache.Gate)
        {
            if (--_working == 0)
                (idle, _idle) = (_idle, null);
        }
        idle?.SetResult();
    }
}
