namespace Becket.Blocks.Caching.Fetching;

/// <summary>What was brought in so far. Added to under the cache's lock; read by anybody.</summary>
internal sealed class FetchTotals
{
    private long _demandGets, _backgroundGets, _demandBytes, _backgroundBytes, _failed, _diskBytes;

    public long DemandGets => Volatile.Read(ref _demandGets);

    public long BackgroundGets => Volatile.Read(ref _backgroundGets);

    public long DemandBytes => Volatile.Read(ref _demandBytes);

    public long BackgroundBytes => Volatile.Read(ref _backgroundBytes);

    public long Failed => Volatile.Read(ref _failed);

    public long DiskBytes => Volatile.Read(ref _diskBytes);

    /// <summary>Of the reads that waited for something.</summary>
    public WaitTimes Waits { get; } = new();

    public void Add(Arrival arrival, Exception? failure)
    {
        var bytes = arrival.Reached - arrival.Range.Offset;
        if (failure is not null)
            _failed++;
        if (arrival.Priority == FetchPriority.Demand)
        {
            _demandGets++;
            _demandBytes += bytes;
        }
        else
        {
            _backgroundGets++;
            _backgroundBytes += bytes;
        }
    }

    public void AddDisk(uint blocks) => _diskBytes += System.Numerics.BitOperations.PopCount(blocks) * (long)CacheGeometry.Block;
}
