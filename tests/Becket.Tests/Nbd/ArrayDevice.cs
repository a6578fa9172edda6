using System.Runtime.CompilerServices;
using Becket.Blocks;

namespace Becket.Tests.Nbd;

/// <summary>
/// A device over an array for tests of the wire: everything is at hand, unless <see cref="Waiting"/> makes a request wait.
/// It notes the options of changes and finds its zero stretches by looking.
/// </summary>
internal sealed class ArrayDevice(byte[] content, BlockDeviceFeatures features = ArrayDevice.Everything) : BlockDevice
{
    public const int Granule = 4096;

    public const BlockDeviceFeatures Everything =
        BlockDeviceFeatures.Write | BlockDeviceFeatures.Flush | BlockDeviceFeatures.Durable | BlockDeviceFeatures.Trim
        | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero | BlockDeviceFeatures.Prefetch | BlockDeviceFeatures.MultiConnection
        | BlockDeviceFeatures.Extents;

    private readonly Lock _gate = new();

    public byte[] Content => content;

    public override BlockDeviceInfo Info => field ??= new()
    {
        Size = ClaimedSize ?? content.Length,
        Features = features,
        Description = "an array",
        MinimumBlock = MinimumBlock,
        PreferredBlock = 65536,
        MaximumRequest = MaximumRequest,
    };

    /// <summary>A size above the array's, for requests that never touch bytes.</summary>
    public long? ClaimedSize { get; init; }

    public int MinimumBlock { get; init; } = 1;

    public int MaximumRequest { get; init; } = 32 * 1024 * 1024;

    /// <summary>What a request awaits before it is carried out; null: it is carried out at once. Gets offset and length.</summary>
    public Func<long, long, CancellationToken, Task>? Waiting { get; init; }

    /// <summary>Called at each read that is tried on the connection's own thread.</summary>
    public Action<long>? Trying { get; init; }

    /// <summary>The answer of <see cref="MayHaveZeroes"/>; null: that of a device which would have to look.</summary>
    public bool? HasZeroes { get; init; }

    public List<(string Verb, ByteRange Range, WriteOptions Options)> Changes { get; } = [];

    public override bool TryRead(long offset, Span<byte> buffer)
    {
        Trying?.Invoke(offset);
        if (Waiting is not null)
            return false;

        content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        return true;
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await WaitAsync(offset, buffer.Length, cancellationToken);
        content.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
    }

    public override async ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        await WaitAsync(offset, data.Length, cancellationToken);
        Note("write", new ByteRange(offset, data.Length), options);
        data.Span.CopyTo(content.AsSpan((int)offset));
    }

    public override ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        ClearAsync("zero", range, options, cancellationToken);

    public override ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        ClearAsync("trim", range, options, cancellationToken);

    public override ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Note("flush", default, WriteOptions.None);
        return ValueTask.CompletedTask;
    }

    public override ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken)
    {
        Note("prefetch", range, WriteOptions.None);
        return ValueTask.CompletedTask;
    }

    public override bool MayHaveZeroes(ByteRange range) => HasZeroes ?? base.MayHaveZeroes(range);

    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await WaitAsync(range.Offset, range.Length, cancellationToken);
        for (var offset = range.Offset; offset < range.End;)
        {
            var end = Math.Min(range.End, ((offset / Granule) + 1) * Granule);
            var isZero = offset >= content.Length || !content.AsSpan((int)offset, (int)(end - offset)).ContainsAnyExcept((byte)0);
            yield return new Extent(ByteRange.FromBounds(offset, end), isZero ? ExtentKind.Hole | ExtentKind.Zero : ExtentKind.Data);
            offset = end;
        }
    }

    private async ValueTask ClearAsync(string verb, ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        await WaitAsync(range.Offset, range.Length, cancellationToken);
        Note(verb, range, options);
        content.AsSpan((int)range.Offset, (int)range.Length).Clear();
    }

    private Task WaitAsync(long offset, long length, CancellationToken cancellationToken) =>
        Waiting?.Invoke(offset, length, cancellationToken) ?? Task.CompletedTask;

    private void Note(string verb, ByteRange range, WriteOptions options)
    {
        lock (_gate)
            Changes.Add((verb, range, options));
    }
}
