namespace Becket.Blocks;

/// <summary>How a change is to be carried out.</summary>
[Flags]
public enum WriteOptions
{
    None = 0,

    /// <summary>Complete only when the change is on stable storage (NBD: FUA).</summary>
    Durable = 1,

    /// <summary>Zeroing may give the space back (NBD: absence of NO_HOLE).</summary>
    MayTrim = 2,

    /// <summary>Zeroing shall fail with <see cref="BlockError.NotSupported"/> rather than be as slow as a write.</summary>
    FastOnly = 4,
}

/// <summary>
/// A disk: a fixed number of bytes that can be read, and on some devices changed, at any offset. Every method may be
/// called from many threads at once; overlapping changes that are under way together land in an unspecified order.
/// </summary>
/// <remarks>
/// The caller has checked every range against <see cref="Info"/>: inside the device, aligned, not too long. Failures are
/// <see cref="BlockDeviceException"/>s. There are no default implementations, so that a filter that forgets to forward
/// a verb does not compile; see <see cref="BlockDevice"/> and <see cref="BlockFilter"/>.
/// </remarks>
public interface IBlockDevice : IAsyncDisposable
{
    BlockDeviceInfo Info { get; }

    /// <summary>
    /// Fills <paramref name="buffer"/> without waiting, allocating or leaving the thread, or returns false. After false
    /// the buffer's content is undefined and the caller goes on with <see cref="ReadAsync"/>. Errors are left to that call.
    /// </summary>
    bool TryRead(long offset, Span<byte> buffer);

    /// <summary>Fills all of <paramref name="buffer"/> from <paramref name="offset"/>, or throws; never a short read.</summary>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Writes all of <paramref name="data"/>, which stays the caller's and is not touched after completion.</summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken);

    /// <summary>Makes a range read as zeroes.</summary>
    ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken);

    /// <summary>Says that a range's content is no longer needed; what it reads as afterwards is unspecified.</summary>
    ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken);

    /// <summary>Makes every change that completed before this call durable.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>A hint that a range will be read soon (NBD: CACHE). May do nothing.</summary>
    ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Whether <see cref="GetExtentsAsync"/> is worth asking: false where it would name no zero stretch in the range, or none that
    /// the device can think of without waiting, allocating or leaving the thread. True promises nothing.
    /// </summary>
    bool MayHaveZeroes(ByteRange range);

    /// <summary>What is known about a range: gapless, ascending, clipped to the range, never empty for a non-empty range.</summary>
    IAsyncEnumerable<Extent> GetExtentsAsync(ByteRange range, CancellationToken cancellationToken);
}
