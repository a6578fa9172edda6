using System.Collections.Concurrent;
using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Objects;

namespace Becket.Tests.Blocks.Caching;

/// <summary>
/// Known bytes that come in streams, as a store sends them: cut into reads of any length, late, broken or not at all, as a
/// test wants. Notes what was asked for, and which streams are open.
/// </summary>
internal sealed class RangedSource(byte[] content) : BlockDevice, IRangeSource
{
    private int _openStreams;

    public override BlockDeviceInfo Info { get; } = new()
    {
        Size = content.Length,
        Features = BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Flush,
        Description = "a source",
    };

    /// <summary>What was opened, in order.</summary>
    public ConcurrentQueue<ByteRange> Opened { get; } = new();

    public int OpenStreams => Volatile.Read(ref _openStreams);

    /// <summary>Called before a range is opened; may wait or throw.</summary>
    public Func<ByteRange, CancellationToken, ValueTask> Opening { get; set; } = static (_, _) => default;

    /// <summary>
    /// Called before each read of a stream with the offset it has reached; may wait or throw, and returns how many bytes may come.
    /// </summary>
    public Func<ByteRange, long, CancellationToken, ValueTask<int>> Reading { get; set; } =
        static (_, _, _) => ValueTask.FromResult(int.MaxValue);

    public long OpenedBytes => Opened.Sum(range => range.Length);

    public async ValueTask<Stream> OpenRangeAsync(ByteRange range, CancellationToken cancellationToken)
    {
        Assert.False(range.IsEmpty);
        Assert.True(range.FitsIn(content.Length));
        Opened.Enqueue(range);
        await Opening(range, cancellationToken);
        Interlocked.Increment(ref _openStreams);
        return new Body(this, range);
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await using var body = await OpenRangeAsync(new ByteRange(offset, buffer.Length), cancellationToken);
        await body.ReadExactlyAsync(buffer, cancellationToken);
    }

    private sealed class Body(RangedSource source, ByteRange range) : ReadOnlyStream
    {
        private long _position = range.Offset;
        private bool _isOpen = true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var most = await source.Reading(range, _position, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(Math.Min(buffer.Length, most), range.End - _position);
            source.Copy(_position, buffer.Span[..count]);
            _position += count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (_isOpen)
                Interlocked.Decrement(ref source._openStreams);
            _isOpen = false;
            base.Dispose(disposing);
        }
    }

    private void Copy(long offset, Span<byte> buffer) => content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
}
