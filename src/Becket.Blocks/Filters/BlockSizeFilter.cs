using System.Buffers;
using System.Runtime.CompilerServices;

namespace Becket.Blocks.Filters;

/// <summary>
/// Lets any offset and length be used over a device that wants whole blocks or short requests. A change of a part of a
/// block is read, modify, write of that block, so every change holds the <see cref="RangeLock"/> of the blocks it touches.
/// </summary>
/// <remarks>
/// Whole-block changes hold the lock too: one that slipped in between the read and the write of a neighbour's
/// read-modify-write would be undone (invariant 5). Reads hold nothing, as read-modify-write puts back the bytes that were there.
/// </remarks>
public sealed class BlockSizeFilter : BlockFilter
{
    private const int LargestStackBlock = 4096;
    private const int UsualBounce = 64 * 1024;
    private const int UsualMaximum = 32 * 1024 * 1024;

    private readonly int _block;
    private readonly int _maximum;
    private readonly RangeLock _changes = new();
    private readonly Lazy<byte[]> _zeroes;

    /// <exception cref="BlockDeviceException">
    /// The device contradicts itself. If its size is not a multiple of its block, the bytes at its end cannot be asked for;
    /// we do not hide them by rounding down, because a backup partition table may be there.
    /// </exception>
    public BlockSizeFilter(IBlockDevice inner)
        : base(inner)
    {
        var info = inner.Info;
        _block = info.MinimumBlock;
        _maximum = info.MaximumRequest / _block * _block;
        _zeroes = new Lazy<byte[]>(() => new byte[_block]);
        if (info.Size % _block != 0)
        {
            throw new BlockDeviceException(
                BlockError.Invalid,
                $"{info.Description}: its size of {info.Size} bytes is no multiple of its block of {_block}, so its end is out of reach");
        }
        if (_maximum == 0)
        {
            throw new BlockDeviceException(
                BlockError.Invalid,
                $"{info.Description}: its largest request of {info.MaximumRequest} bytes is smaller than its block of {_block}");
        }
        Info = info with
        {
            MinimumBlock = 1,
            PreferredBlock = Math.Max(info.PreferredBlock, _block),
            MaximumRequest = Math.Max(info.MaximumRequest, UsualMaximum),
        };
    }

    public override BlockDeviceInfo Info { get; }

    public override bool TryRead(long offset, Span<byte> buffer)
    {
        if (IsAligned(offset, buffer.Length) && buffer.Length <= _maximum)
            return Inner.TryRead(offset, buffer);
        return _block <= LargestStackBlock && TryReadInParts(offset, buffer);
    }

    [SkipLocalsInit]
    private bool TryReadInParts(long offset, Span<byte> buffer)
    {
        var bounce = (stackalloc byte[LargestStackBlock])[.._block];
        while (!buffer.IsEmpty)
        {
            var (count, within) = NextPart(offset, buffer.Length, _block);
            var isWhole = IsAligned(offset, count);
            if (!Inner.TryRead(offset - within, isWhole ? buffer[..count] : bounce))
                return false;
            if (!isWhole)
                bounce.Slice(within, count).CopyTo(buffer);
            offset += count;
            buffer = buffer[count..];
        }
        return true;
    }

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        IsAligned(offset, buffer.Length) && buffer.Length <= _maximum
            ? Inner.ReadAsync(offset, buffer, cancellationToken)
            : ReadInPartsAsync(offset, buffer, cancellationToken);

    private async ValueTask ReadInPartsAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var bounceSize = Math.Max(_block, Math.Min(_maximum, UsualBounce) & -_block);
        var bounce = ArrayPool<byte>.Shared.Rent(bounceSize);
        try
        {
            while (!buffer.IsEmpty)
            {
                var (count, within) = NextPart(offset, buffer.Length, bounceSize);
                if (IsAligned(offset, count))
                {
                    await Inner.ReadAsync(offset, buffer[..count], cancellationToken);
                }
                else
                {
                    var blocks = new ByteRange(offset, count).AlignOutward(_block);
                    await Inner.ReadAsync(blocks.Offset, bounce.AsMemory(0, (int)blocks.Length), cancellationToken);
                    bounce.AsMemory(within, count).CopyTo(buffer);
                }
                offset += count;
                buffer = buffer[count..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bounce);
        }
    }

    public override async ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        using var blocks = await LockAsync(new ByteRange(offset, data.Length), cancellationToken);
        while (!data.IsEmpty)
        {
            var (count, _) = NextPart(offset, data.Length, _block);
            if (IsAligned(offset, count))
                await Inner.WriteAsync(offset, data[..count], options, cancellationToken);
            else
                await ModifyBlockAsync(offset, data[..count], options, cancellationToken);
            offset += count;
            data = data[count..];
        }
    }

    /// <summary>
    /// Whole blocks are zeroed by the device, parts at the edges are written. <see cref="WriteOptions.FastOnly"/> refuses
    /// edges before anything is changed (invariant 8).
    /// </summary>
    public override async ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        if (options.HasFlag(WriteOptions.FastOnly) && !IsAligned(range.Offset, range.Length))
        {
            throw new BlockDeviceException(
                BlockError.NotSupported, $"{Info.Description}: zeroing {range} is not fast, it is not on blocks of {_block} bytes");
        }
        using var blocks = await LockAsync(range, cancellationToken);
        var whole = range.AlignInward(_block);
        if (whole.IsEmpty)
        {
            await ZeroPartsAsync(range, options, cancellationToken);
            return;
        }
        await ZeroPartsAsync(ByteRange.FromBounds(range.Offset, whole.Offset), options, cancellationToken);
        await Inner.ZeroAsync(whole, options, cancellationToken);
        await ZeroPartsAsync(ByteRange.FromBounds(whole.End, range.End), options, cancellationToken);
    }

    /// <summary>Trims the whole blocks; parts at the edges keep their bytes.</summary>
    public override async ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        var whole = range.AlignInward(_block);
        if (whole.IsEmpty)
            return;
        using var blocks = await LockAsync(whole, cancellationToken);
        await Inner.TrimAsync(whole, options, cancellationToken);
    }

    public override ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken) =>
        range.IsEmpty ? ValueTask.CompletedTask : Inner.PrefetchAsync(range.AlignOutward(_block), cancellationToken);

    public override bool MayHaveZeroes(ByteRange range) => !range.IsEmpty && Inner.MayHaveZeroes(range.AlignOutward(_block));

    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var extent in Inner.GetExtentsAsync(range.AlignOutward(_block), cancellationToken))
        {
            var part = extent.Range.Intersect(range);
            if (!part.IsEmpty)
                yield return extent with { Range = part };
        }
    }

    private async ValueTask ZeroPartsAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        for (var position = range.Offset; position < range.End;)
        {
            var (count, _) = NextPart(position, (int)(range.End - position), _block);
            await ModifyBlockAsync(position, _zeroes.Value.AsMemory(0, count), options & WriteOptions.Durable, cancellationToken);
            position += count;
        }
    }

    /// <summary>Reads a block, changes a part of it, writes it back. The caller holds the lock of the block.</summary>
    private async ValueTask ModifyBlockAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        var bounce = ArrayPool<byte>.Shared.Rent(_block);
        try
        {
            var block = bounce.AsMemory(0, _block);
            var start = offset & -(long)_block;
            await Inner.ReadAsync(start, block, cancellationToken);
            data.CopyTo(block[(int)(offset - start)..]);
            await Inner.WriteAsync(start, block, options, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bounce);
        }
    }

    /// <summary>A device without blocks needs no lock: nothing is read, modified and written.</summary>
    private async ValueTask<RangeLock.Holder?> LockAsync(ByteRange range, CancellationToken cancellationToken) =>
        _block == 1 ? null : await _changes.AcquireAsync(range.AlignOutward(_block), cancellationToken);

    private bool IsAligned(long offset, long length) => ((offset | length) & (_block - 1)) == 0;

    /// <summary>
    /// The next piece of a request: from a block's start, as many whole blocks as one request may have; otherwise what fits
    /// in a bounce buffer of whole blocks, after the bytes <c>Within</c> its first block that are not wanted.
    /// </summary>
    private (int Count, int Within) NextPart(long offset, int length, int bounce)
    {
        var within = (int)(offset & (_block - 1));
        return within == 0 && length >= _block
            ? (Math.Min(length & -_block, _maximum), 0)
            : (Math.Min(bounce - within, length), within);
    }
}
