namespace Becket.Blocks.Caching;

/// <summary>
/// A device whose bytes come in streams, each with a long way to go before its first byte: what a cache stands over. May be
/// used from many threads at once.
/// </summary>
public interface IRangeSource : IBlockDevice
{
    /// <summary>
    /// Opens a range, not empty and inside the device, as a stream that yields exactly its bytes in order and then ends, or
    /// throws a <see cref="BlockDeviceException"/>, at the opening or from a read. The caller disposes the stream.
    /// </summary>
    ValueTask<Stream> OpenRangeAsync(ByteRange range, CancellationToken cancellationToken);
}
