namespace Becket.Blocks;

/// <summary>
/// Base of devices that stand over another one and keep its bytes and addresses. Forwards every verb; owns the device
/// below and disposes it. Whatever changes bytes or addresses derives from <see cref="BlockDevice"/> instead.
/// </summary>
public abstract class BlockFilter(IBlockDevice inner) : IBlockDevice
{
    protected IBlockDevice Inner { get; } = inner;

    public virtual BlockDeviceInfo Info => Inner.Info;

    public virtual bool TryRead(long offset, Span<byte> buffer) => Inner.TryRead(offset, buffer);

    public virtual ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        Inner.ReadAsync(offset, buffer, cancellationToken);

    public virtual ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
        Inner.WriteAsync(offset, data, options, cancellationToken);

    public virtual ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        Inner.ZeroAsync(range, options, cancellationToken);

    public virtual ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        Inner.TrimAsync(range, options, cancellationToken);

    public virtual ValueTask FlushAsync(CancellationToken cancellationToken) => Inner.FlushAsync(cancellationToken);

    public virtual ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken) =>
        Inner.PrefetchAsync(range, cancellationToken);

    public virtual bool MayHaveZeroes(ByteRange range) => Inner.MayHaveZeroes(range);

    public virtual IAsyncEnumerable<Extent> GetExtentsAsync(ByteRange range, CancellationToken cancellationToken) =>
        Inner.GetExtentsAsync(range, cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
