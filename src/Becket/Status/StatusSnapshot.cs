using System.Text.Json.Serialization;
using Becket.Daemon;

namespace Becket.Status;

/// <summary>
/// What <c>/api/status</c> answers: how a process and its exports are. Counts are since the process started; the JSON names are a
/// promise to scripts.
/// </summary>
internal sealed record StatusSnapshot
{
    public required string Version { get; init; }

    public required int Process { get; init; }

    /// <summary>When this was taken.</summary>
    public required DateTimeOffset Time { get; init; }

    public required double UptimeSeconds { get; init; }

    public required bool Ready { get; init; }

    /// <summary>Why it is not ready, a sentence each.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Physical memory of the process, in bytes.</summary>
    public required long ResidentMemory { get; init; }

    /// <summary>Clients of the NBD server.</summary>
    public required int Connections { get; init; }

    public required int RequestsInFlight { get; init; }

    public CacheSnapshot? Cache { get; init; }

    public required IReadOnlyList<ExportSnapshot> Exports { get; init; }
}

/// <summary>The cache that all exports share; sizes in bytes.</summary>
internal sealed record CacheSnapshot(long MemoryUsed, long MemorySize, long? DiskUsed, long? DiskLimit);

/// <summary>How an export is.</summary>
internal sealed record ExportSnapshot
{
    public required string Name { get; init; }

    public required string Source { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public required HealthState Health { get; init; }

    /// <summary>What is wrong, in a sentence.</summary>
    public string? Problem { get; init; }

    public required long Reads { get; init; }

    public required long BytesRead { get; init; }

    public required long FailedReads { get; init; }

    /// <summary>Reads that memory could not answer at once; absent where nothing is cached.</summary>
    public long? WaitedReads { get; init; }

    public long? BytesFetched { get; init; }

    public long? BytesFromDiskCache { get; init; }

    public long? BytesInMemory { get; init; }

    /// <summary>How long reads took.</summary>
    public required LatencySnapshot Latency { get; init; }

    public required MapSnapshot Map { get; init; }
}

/// <summary>A distribution: how many reads took at most so long, bucket by bucket.</summary>
/// <param name="Bounds">Upper bounds in seconds, ascending; the last bucket has none.</param>
/// <param name="Counts">One more than there are bounds.</param>
internal sealed record LatencySnapshot(IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts);

/// <summary>
/// The device from its first byte to its last, cut into cells of one length. Each text has a hexadecimal digit for each cell: its
/// share in fifteenths, rounded up, f only for all of it; of <see cref="Recent"/> the seconds since it was read, f for longer ago or never.
/// </summary>
/// <param name="CellLength">Bytes.</param>
/// <param name="Cells">How many there are.</param>
/// <param name="Memory">In memory.</param>
/// <param name="Disk">In the folder on disk.</param>
/// <param name="Zero">Known to be zero.</param>
/// <param name="Fetching">On its way.</param>
/// <param name="Recent">Read lately.</param>
internal sealed record MapSnapshot(long CellLength, int Cells, string Memory, string Disk, string Zero, string Fetching, string Recent);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(StatusSnapshot))]
internal sealed partial class StatusJson : JsonSerializerContext;
