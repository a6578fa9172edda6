using Becket.Blocks.Filters;

namespace Becket.Status;

/// <summary>
/// Takes snapshots of what a board shows. However many look, one is taken at a time and shown to all who ask within half a second.
/// </summary>
internal sealed class SnapshotTaker(StatusBoard board, MetricsCollector metrics, TimeProvider time)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly long _started = time.GetTimestamp();
    private StatusSnapshot? _last;
    private long _taken;

    public StatusSnapshot Take()
    {
        lock (_gate)
        {
            if (_last is null || time.GetElapsedTime(_taken) > Freshness)
                (_last, _taken) = (TakeNew(), time.GetTimestamp());
            return _last;
        }
    }

    private StatusSnapshot TakeNew()
    {
        var problems = Readiness.Problems(board);
        var server = board.Server?.Totals;
        return new StatusSnapshot
        {
            Version = ProgramVersion.Text,
            Process = Environment.ProcessId,
            Time = time.GetUtcNow(),
            UptimeSeconds = Math.Round(time.GetElapsedTime(_started).TotalSeconds, 3),
            Ready = problems.Count == 0,
            Problems = problems,
            ResidentMemory = ProcessInstruments.ResidentMemory(),
            Connections = server?.Connections ?? 0,
            RequestsInFlight = server?.RequestsInFlight ?? 0,
            Cache = board.Cache?.Totals is { } cache
                ? new CacheSnapshot(cache.MemoryUsed, cache.MemorySize, cache.Disk?.Used, cache.Disk?.Limit)
                : null,
            Exports = [.. board.Exports.Select(Describe)],
        };
    }

    private ExportSnapshot Describe(ShownExport export)
    {
        var device = export.Device.Device;
        var reads = device.TotalsOf(DeviceOperation.Read);
        var cache = export.Device.Cache?.TotalsOver(reads.Operations);
        var (health, problem) = Readiness.Judge(export.Device.Health.Current);
        return new ExportSnapshot
        {
            Name = export.Name,
            Source = export.Source,
            Size = device.Info.Size,
            Health = health,
            Problem = problem,
            Reads = reads.Operations,
            BytesRead = reads.Bytes,
            FailedReads = reads.Errors,
            WaitedReads = cache?.Waits,
            BytesFetched = cache?.BytesFetched,
            BytesFromDiskCache = cache?.BytesFromDisk,
            BytesInMemory = export.Device.Cache?.BytesInMemory,
            Latency = LatencyOf(export.Name),
            Map = MapOf(export),
        };
    }

    private LatencySnapshot LatencyOf(string export)
    {
        if (metrics.Find(DeviceMetrics.DurationName) is not { } durations)
            return new LatencySnapshot([], [0]);
        var counts = new long[durations.Bounds.Length + 1];
        foreach (var series in durations.Series)
        {
            if (!series.Tags.Any(tag => tag.Key == DeviceMetrics.DeviceTagName && Equals(tag.Value, export))
                || !series.Tags.Any(static tag => tag.Key == DeviceMetrics.OperationTagName && Equals(tag.Value, "read")))
                continue;
            foreach (var (bucket, count) in series.Counts().Index())
                counts[bucket] += count;
        }
        return new LatencySnapshot(durations.Bounds, counts);
    }

    private static MapSnapshot MapOf(ShownExport export)
    {
        var size = export.Device.Device.Info.Size;
        var (length, cells) = (ReadTrail.PartLength(size), ReadTrail.PartsOf(size));
        var map = export.Device.Cache?.Map(length);
        var nothing = new string('0', cells);
        return new MapSnapshot(
            length,
            cells,
            map is null ? nothing : Digits(map.Memory),
            map is null ? nothing : Digits(map.Disk),
            map is null ? nothing : Digits(map.Zero),
            map is null ? nothing : Digits(map.Pending),
            string.Create(cells, export.Device.Device.Trail.Look(), static (text, ages) =>
            {
                for (var cell = 0; cell < ages.Length; cell++)
                    text[cell] = HexDigit(ages[cell] is >= 0 and < 15 ? ages[cell] : 15);
            }));
    }

    /// <summary>Something is never shown as nothing, and only all of it as all of it.</summary>
    internal static string Digits(float[] shares) => string.Create(shares.Length, shares, static (text, shares) =>
    {
        for (var cell = 0; cell < shares.Length; cell++)
            text[cell] = HexDigit(shares[cell] >= 1 ? 15 : Math.Min(14, (int)Math.Ceiling(shares[cell] * 15)));
    });

    private static char HexDigit(int value) => "0123456789abcdef"[value];
}
