namespace Becket.Blocks;

/// <summary>
/// Base of devices that make or map bytes themselves: sources and mappings. A verb that is not overridden refuses, so a
/// forgotten one means a read-only device, never a change of the wrong blocks.
/// </summary>
public abstract class BlockDevice : IBlockDevice
{
    public abstract BlockDeviceInfo Info { get; }

    public virtual bool TryRead(long offset, Span<byte> buffer) => false;

    public abstract ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    public virtual ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
        ValueTask.FromException(ReadOnly());

    public virtual ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        ValueTask.FromException(ReadOnly());

    public virtual ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        ValueTask.FromException(ReadOnly());

    public virtual ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public virtual ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>A device that knows extents and cannot look them up at once leaves it at "maybe".</summary>
    public virtual bool MayHaveZeroes(ByteRange range) => Info.Has(BlockDeviceFeatures.Extents);

    /// <summary>Everything is data: the answer of a device that does not know better.</summary>
#pragma warning disable CS1998 // an iterator that has nothing to wait for
    public virtual async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!range.IsEmpty)
            yield return new Extent(range, ExtentKind.Data);
    }
#pragma warning restore CS1998

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private BlockDeviceException ReadOnly() => new(BlockError.ReadOnly, $"{Info.Description} is read-only");
}
