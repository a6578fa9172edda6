using System.Runtime.CompilerServices;
using Becket.Blocks;

namespace Becket.Tests.Blocks;

/// <summary>
/// A device with rules: throws something that is no device error at every request that is not on its blocks, too long
/// or outside. Every call leaves the thread, so that callers which race with each other do so.
/// </summary>
internal sealed class StrictDevice(IBlockDevice inner, int block, int maximum) : BlockFilter(inner)
{
    public override BlockDeviceInfo Info { get; } = inner.Info with { MinimumBlock = block, MaximumRequest = maximum };

    public override bool TryRead(long offset, Span<byte> buffer)
    {
        Check(new ByteRange(offset, buffer.Length), maximum);
        return base.TryRead(offset, buffer);
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Check(new ByteRange(offset, buffer.Length), maximum);
        await Task.Yield();
        await base.ReadAsync(offset, buffer, cancellationToken);
        await Task.Yield();
    }

    public override async ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        Check(new ByteRange(offset, data.Length), maximum);
        await Task.Yield();
        await base.WriteAsync(offset, data, options, cancellationToken);
        await Task.Yield();
    }

    public override async ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        Check(range, long.MaxValue);
        await Task.Yield();
        await base.ZeroAsync(range, options, cancellationToken);
    }

    public override async ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        Check(range, long.MaxValue);
        await Task.Yield();
        await base.TrimAsync(range, options, cancellationToken);
    }

    public override ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken)
    {
        Check(range, long.MaxValue);
        return base.PrefetchAsync(range, cancellationToken);
    }

    public override bool MayHaveZeroes(ByteRange range)
    {
        Check(range, long.MaxValue);
        return base.MayHaveZeroes(range);
    }

    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check(range, long.MaxValue);
        await foreach (var extent in base.GetExtentsAsync(range, cancellationToken))
            yield return extent;
    }

    private void Check(ByteRange range, long longest)
    {
        if (range.Offset % block != 0 || range.Length % block != 0)
            throw new InvalidOperationException($"{range} is not on blocks of {block}");
        if (range.Length > longest)
            throw new InvalidOperationException($"{range} is longer than {longest}");
        if (!range.FitsIn(Info.Size))
            throw new InvalidOperationException($"{range} is not within {Info.Size}");
    }
}
