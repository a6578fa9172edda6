using System.Text.Json.Serialization;
using Becket.Attaching;

namespace Becket.Daemon;

/// <summary>
/// How an attachment is, as <c>becket list --json</c> prints it; the JSON names are a promise to scripts. Counts are since
/// its process started.
/// </summary>
internal sealed record AttachmentStatus
{
    public required string Id { get; init; }

    public required string Source { get; init; }

    public required AttachmentMethod Via { get; init; }

    public required string Device { get; init; }

    public IReadOnlyList<string>? Partitions { get; init; }

    public string? MountPoint { get; init; }

    public string? FileSystem { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public required int Process { get; init; }

    public DateTimeOffset? Started { get; init; }

    public required HealthState Health { get; init; }

    /// <summary>What is wrong, in a sentence.</summary>
    public string? Problem { get; init; }

    public string? Log { get; init; }

    /// <summary>Where its health and its metrics are (<c>--status</c>): an address for browsers, or the path of a unix socket.</summary>
    public string? StatusAddress { get; init; }

    public long Reads { get; init; }

    public long BytesRead { get; init; }

    public long FailedReads { get; init; }

    /// <summary>Reads that could not be answered at once from memory.</summary>
    public long WaitedReads { get; init; }

    public double MedianWaitMilliseconds { get; init; }

    public double Percentile99Milliseconds { get; init; }

    public long BytesFetched { get; init; }

    public long BytesFromDiskCache { get; init; }

    /// <summary>Bytes of the object that are in memory now.</summary>
    public long BytesInMemory { get; init; }

    /// <summary>What is being fetched just now: offset and length of ranges of the object.</summary>
    public IReadOnlyList<FetchStatus>? Fetching { get; init; }

    /// <summary>What its state alone tells.</summary>
    public static AttachmentStatus Of(StateFolder folder, AttachmentState state, HealthState health, string? problem) => new()
    {
        Id = folder.Id,
        Source = state.Source,
        Via = state.Via,
        Device = state.Device,
        MountPoint = state.MountPoint,
        FileSystem = state.FileSystem,
        Size = state.Size,
        Process = state.Process,
        Started = state.Started,
        Log = state.Log,
        Health = health,
        Problem = problem,
    };
}

/// <summary>A range that is on its way from the store, in bytes.</summary>
internal sealed record FetchStatus(long Offset, long Length);

/// <summary>How an attachment is, in a word.</summary>
internal enum HealthState
{
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>Reads wait for the store longer than is usual.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>The last reads failed.</summary>
    [JsonStringEnumMemberName("failing")]
    Failing,

    /// <summary>Its process has died; reads wait, or fail, until there is a new one.</summary>
    [JsonStringEnumMemberName("dead")]
    Dead,
}
