using System.Diagnostics.Metrics;
using Becket.Blocks.Caching;
using Becket.Blocks.Filters;
using Becket.Daemon;
using Becket.Nbd;
using Becket.Objects;

namespace Becket.Status;

/// <summary>
/// Instruments over the totals that devices, cache, stores and server keep anyway. They are asked when somebody collects and cost
/// nothing between; what is not there (a disk cache, an NBD server) has no series.
/// </summary>
internal sealed class ServedInstruments : IDisposable
{
    private readonly StatusBoard _board;
    private readonly List<Meter> _meters = [];

    public ServedInstruments(StatusBoard board)
    {
        _board = board;
        AddExports(NewMeter("Becket.Exports"));
        AddFetching(NewMeter("Becket.Cache"));
        AddCache(NewMeter("Becket.Cache"));
        AddHedging(NewMeter("Becket.Store"));
        AddServer(NewMeter("Becket.Nbd"));
    }

    public void Dispose() => _meters.ForEach(static meter => meter.Dispose());

    private Meter NewMeter(string name)
    {
        var meter = new Meter(new MeterOptions(name) { Scope = _board });
        _meters.Add(meter);
        return meter;
    }

    private void AddExports(Meter meter)
    {
        meter.CreateObservableGauge(
            "becket.device.size",
            () => OfExports(static export => export.Device.Device.Info.Size, ("becket.device.source", static export => export.Source)),
            "By",
            "Size of the device.");
        meter.CreateObservableGauge(
            "becket.device.failing",
            () => OfExports(static export => Readiness.Judge(export.Device.Health.Current).Health == HealthState.Failing ? 1 : 0),
            unit: null,
            "1 where the last read that needed the store failed.");
        meter.CreateObservableGauge(
            "becket.device.longest_wait",
            () => OfExports(static export => export.Device.Health.Current.LongestWait.TotalSeconds),
            "s",
            "How long the read that has been waiting longest has done so.");
    }

    private void AddFetching(Meter meter)
    {
        meter.CreateObservableCounter(
            "becket.cache.reads",
            () => OfCaches(static (_, totals, reads) =>
            [
                (Math.Max(0, reads - totals.Waits), ("becket.cache.result", "hit")),
                (totals.Waits, ("becket.cache.result", "wait")),
            ]),
            "{read}",
            "Reads that were answered from memory at once (hit), and those that had to wait.");
        meter.CreateObservableCounter(
            "becket.cache.fetched",
            () => OfCaches(static (_, totals, _) =>
            [
                (totals.DemandBytes, ("becket.cache.cause", "demand")),
                (totals.BackgroundBytes, ("becket.cache.cause", "background")),
            ]),
            "By",
            "Bytes that came from the store: for a reader who waited (demand), or ahead of one (background).");
        meter.CreateObservableCounter(
            "becket.cache.fetches",
            () => OfCaches(static (_, totals, _) =>
            [
                (totals.DemandGets, ("becket.cache.cause", "demand")),
                (totals.BackgroundGets, ("becket.cache.cause", "background")),
            ]),
            "{fetch}",
            "Ranges that were fetched from the store.");
        meter.CreateObservableCounter(
            "becket.cache.fetch.failures",
            () => OfCaches(static (_, totals, _) => [(totals.Failed, null)]),
            "{fetch}",
            "Ranges that could not be fetched, after all retries.");
        meter.CreateObservableCounter(
            "becket.cache.disk.read",
            () => OfCaches(static (_, totals, _) => [(totals.BytesFromDisk, null)]),
            "By",
            "Bytes that came from the folder on disk.");
        meter.CreateObservableUpDownCounter(
            "becket.cache.memory.content",
            () => OfCaches(static (cache, _, _) => [(cache.BytesInMemory, null)]),
            "By",
            "Bytes of the device that are in memory.");
    }

    private void AddCache(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "becket.cache.memory.usage",
            () => OfCache(static cache => cache.MemoryUsed),
            "By",
            "Memory that holds blocks, of all devices together.");
        meter.CreateObservableUpDownCounter(
            "becket.cache.memory.limit",
            () => OfCache(static cache => cache.MemorySize),
            "By",
            "Memory that blocks may take.");
        meter.CreateObservableCounter(
            "becket.cache.memory.evictions",
            () => OfCache(static cache => cache.MemoryEvictions),
            "{piece}",
            "Pieces of 128 KiB that left memory for others.");
        meter.CreateObservableUpDownCounter(
            "becket.cache.disk.usage",
            () => OfDisk(static disk => disk.Used),
            "By",
            "What the folder takes, whoever filled it; measured now and then.");
        meter.CreateObservableUpDownCounter(
            "becket.cache.disk.limit",
            () => OfDisk(static disk => disk.Limit),
            "By",
            "What the folder may take.");
        meter.CreateObservableCounter(
            "becket.cache.disk.evictions",
            () => OfDisk(static disk => disk.Evictions),
            "{piece}",
            "Pieces of 128 KiB that this process took out of the folder.");
        meter.CreateObservableCounter(
            "becket.cache.disk.damaged_blocks",
            () => OfDisk(static disk => disk.DamagedBlocks),
            "{block}",
            "Blocks of 4 KiB that were damaged on disk and fetched again.");
        meter.CreateObservableGauge(
            "becket.cache.disk.off",
            () => OfDisk(static disk => disk.IsOff ? 1 : 0),
            unit: null,
            "1 where nothing is stored on disk any more, after an error.");
    }

    private void AddHedging(Meter meter)
    {
        meter.CreateObservableCounter(
            "becket.store.hedges",
            () => OfStores(static store => store.Hedges),
            "{request}",
            "Second GETs that were sent beside one that was late.");
        meter.CreateObservableCounter(
            "becket.store.hedges.won",
            () => OfStores(static store => store.HedgesWon),
            "{request}",
            "Second GETs whose answer came first.");
    }

    private void AddServer(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "becket.nbd.connections",
            () => OfServer(static server => server.Connections),
            "{connection}",
            "Clients that are connected.");
        meter.CreateObservableCounter(
            "becket.nbd.connections.accepted",
            () => OfServer(static server => server.Accepted),
            "{connection}",
            "Clients that ever were.");
        meter.CreateObservableUpDownCounter(
            "becket.nbd.requests.in_flight",
            () => OfServer(static server => server.RequestsInFlight),
            "{request}",
            "Requests that devices work on, or whose replies wait to be sent.");
        meter.CreateObservableUpDownCounter(
            "becket.nbd.transfer_memory.usage",
            () => OfServer(static server => server.TransferMemoryUsed),
            "By",
            "Memory that requests and replies take.");
        meter.CreateObservableUpDownCounter(
            "becket.nbd.transfer_memory.limit",
            () => OfServer(static server => server.TransferMemorySize),
            "By",
            "Memory that they may take together.");
    }

    private IEnumerable<Measurement<double>> OfExports(
        Func<ShownExport, double> value, params (string Name, Func<ShownExport, string> Value)[] more) =>
        _board.Exports.Select(export => new Measurement<double>(
            value(export), [NameTag(export), .. more.Select(tag => new KeyValuePair<string, object?>(tag.Name, tag.Value(export)))]));

    private IEnumerable<Measurement<long>> OfCaches(
        Func<CacheFilter, CacheTotals, long, (long Value, (string Name, string Value)? Tag)[]> values)
    {
        foreach (var export in _board.Exports)
        {
            if (export.Device.Cache is not { } cache)
                continue;
            var reads = export.Device.Device.TotalsOf(DeviceOperation.Read).Operations;
            foreach (var (value, tag) in values(cache, cache.TotalsOver(reads), reads))
            {
                yield return tag is { } more
                    ? new Measurement<long>(value, NameTag(export), new KeyValuePair<string, object?>(more.Name, more.Value))
                    : new Measurement<long>(value, NameTag(export));
            }
        }
    }

    private IEnumerable<Measurement<long>> OfCache(Func<BlockCacheTotals, long> value) =>
        _board.Cache is { } cache ? [new Measurement<long>(value(cache.Totals))] : [];

    private IEnumerable<Measurement<long>> OfDisk(Func<DiskCacheTotals, long> value) =>
        _board.Cache?.Totals.Disk is { } disk ? [new Measurement<long>(value(disk))] : [];

    private IEnumerable<Measurement<long>> OfServer(Func<NbdServerTotals, long> value) =>
        _board.Server is { } server ? [new Measurement<long>(value(server.Totals))] : [];

    /// <summary>Several devices of one bucket have a store of that name each.</summary>
    private IEnumerable<Measurement<long>> OfStores(Func<HedgingObjectStore, long> value) => _board.Stores
        .GroupBy(static store => store.Hedging.Name, StringComparer.Ordinal)
        .Select(group => new Measurement<long>(
            group.Sum(store => value(store.Hedging)), new KeyValuePair<string, object?>("becket.store.name", group.Key)));

    private static KeyValuePair<string, object?> NameTag(ShownExport export) => new("becket.device.name", export.Name);
}
