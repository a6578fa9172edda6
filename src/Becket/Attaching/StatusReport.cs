using Becket.Blocks.Filters;
using Becket.Daemon;
using Becket.Sources;
using Becket.Status;

namespace Becket.Attaching;

/// <summary>Tells how an attachment is, from the meters of its layers. For many threads at once.</summary>
/// <param name="folder">Its state.</param>
/// <param name="served">The device and its layers.</param>
/// <param name="attached">What the kernel has of it.</param>
/// <param name="statusAddress">Where <c>--status</c> is; null where nobody wanted it.</param>
internal sealed class StatusReport(StateFolder folder, ServedDevice served, IAttachedDevice attached, string? statusAddress)
{
    public AttachmentStatus Take(AttachmentState state)
    {
        var reads = served.Device.TotalsOf(DeviceOperation.Read);
        var cache = served.Cache?.TotalsOver(reads.Operations);
        var (health, problem) = Readiness.Judge(served.Health.Current);
        return AttachmentStatus.Of(folder, state, health, problem) with
        {
            StatusAddress = statusAddress,
            Partitions = attached.Node is { } node ? [.. node.Partitions().Select(static partition => partition.Path)] : null,
            Reads = reads.Operations,
            BytesRead = reads.Bytes,
            FailedReads = reads.Errors,
            WaitedReads = cache?.Waits ?? 0,
            MedianWaitMilliseconds = cache?.ReadMedian.TotalMilliseconds ?? 0,
            Percentile99Milliseconds = cache?.ReadPercentile99.TotalMilliseconds ?? 0,
            BytesFetched = cache?.BytesFetched ?? 0,
            BytesFromDiskCache = cache?.BytesFromDisk ?? 0,
            BytesInMemory = served.Cache?.BytesInMemory ?? 0,
            Fetching = served.Cache is { } filter
                ? [.. filter.Fetching().Select(static range => new FetchStatus(range.Offset, range.Length))]
                : null,
        };
    }
}
