using Becket.Blocks;

namespace Becket.Nbd.Client;

/// <summary>A request that was sent and whose reply has not arrived. Filled by the receiving loop alone, until it completes.</summary>
internal sealed class PendingRequest(ByteRange range, Memory<byte> destination)
{
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _covered;

    public Task Completed => _completed.Task;

    /// <summary>What BLOCK_STATUS reported.</summary>
    public List<Extent> Extents { get; } = [];

    /// <summary>The error of an error chunk; the reply may still go on behind it.</summary>
    public NbdException? Failure { get; set; }

    /// <summary>Where the bytes of a whole READ go.</summary>
    public Memory<byte> Destination => destination;

    public ByteRange Range => range;

    /// <summary>The part of the destination that a content chunk fills; it counts as covered from here on.</summary>
    public Memory<byte> Cover(long offset, long length)
    {
        var start = offset - range.Offset;
        if (start < 0 || length <= 0 || start + length > destination.Length)
            throw new NbdException("the NBD server sent bytes that were not asked for");

        _covered += length;
        return destination.Slice((int)start, (int)length);
    }

    public void Finish()
    {
        if (Failure is null && _covered != destination.Length)
            Failure = new NbdException("the NBD server left bytes out of its reply");

        if (Failure is null)
            _completed.TrySetResult();
        else
            _completed.TrySetException(Failure);
    }

    /// <summary>The connection is lost.</summary>
    public void Fail(Exception reason) =>
        _completed.TrySetException(new NbdException($"the NBD connection was lost: {reason.Message}", 0, reason));
}
