using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Blocks.Filters;
using Becket.Objects;
using Becket.Tests.Objects;
using Becket.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Stack;

/// <summary>
/// A served device with all its layers, as a process has it: from the meter down to a store that fails by plan. Disposing it checks
/// that nothing is left: no body, no pinned slot, no piece in memory.
/// </summary>
internal sealed class ModelProcess : IAsyncDisposable
{
    private readonly FaultyObjectStore _store;
    private readonly BlockCache _cache;

    private ModelProcess(FaultyObjectStore store, BlockCache cache, IBlockDevice device) =>
        (_store, _cache, Device) = (store, cache, device);

    public IBlockDevice Device { get; }

    /// <param name="store">The bucket, which stays the caller's.</param>
    /// <param name="plan">Its faults.</param>
    /// <param name="memoryPieces">Pieces that fit into memory.</param>
    /// <param name="disk">The disk level, taken over; null: none.</param>
    /// <param name="settings">How to fetch.</param>
    public static async Task<ModelProcess> StartAsync(
        KnownStore store, Func<StoreCall, Fault?> plan, int memoryPieces, DiskCache? disk, CacheSettings settings)
    {
        var faulty = new FaultyObjectStore(store, plan);
        var metered = new MeteredObjectStore(faulty, TimeProvider.System);
        var warming = new WarmingObjectStore(metered, 2);
        var hedging = new HedgingObjectStore(
            warming, new HedgePolicy { FirstSamples = 4, Floor = TimeSpan.FromMilliseconds(1), Share = 0.2 }, TimeProvider.System);
        var retrying = new RetryingObjectStore(hedging, Impatient, TimeProvider.System, NullLogger.Instance);
        var remote = await ObjectDevice.OpenAsync(retrying, KnownStore.Key, versionId: null, TestContext.Current.CancellationToken);

        var cache = BlockCache.OfPieces(memoryPieces, disk);
        var identity = $"{store.Name}\n{remote.Pin.Key}\n{remote.Pin.ETag}";
        var cached = new CacheFilter(remote, cache, identity, settings, TimeProvider.System, NullLogger.Instance);
        return new ModelProcess(faulty, cache, new MeterFilter(new BlockSizeFilter(cached), "model", TimeProvider.System));
    }

    /// <summary>Waits for tens of milliseconds where a server waits for seconds.</summary>
    private static RetryPolicy Impatient { get; } = new()
    {
        StallTimeout = TimeSpan.FromMilliseconds(40),
        Deadline = TimeSpan.FromSeconds(10),
        FirstPause = TimeSpan.FromMilliseconds(1),
        LongestPause = TimeSpan.FromMilliseconds(4),
    };

    /// <summary>Closes the device alone, perhaps under its readers.</summary>
    public ValueTask CloseAsync() => Device.DisposeAsync();

    /// <summary>Of a closed device whose readers have all left.</summary>
    public void Release()
    {
        Assert.Equal(0, _store.OpenBodies);
        Assert.Equal(0, _cache.Memory.Memory.Pinned);
        _cache.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Assert.Equal(0, _cache.Memory.Used);
        Release();
    }
}
