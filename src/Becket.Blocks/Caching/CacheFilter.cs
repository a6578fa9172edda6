using System.Runtime.CompilerServices;
using Becket.Blocks.Caching.Fetching;
using Becket.Blocks.Caching.Profiles;
using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Caching;

/// <summary>
/// Keeps what was read of a far-away device in memory and on disk, and fetches ahead. A block that is here is copied out at
/// once, without a lock; a read that lacks blocks waits for those alone, while the rest of what it set off goes on.
/// </summary>
public sealed class CacheFilter : BlockFilter
{
    /// <summary>How often a read goes round when what it waited for was pushed out before it could be copied.</summary>
    private const int Rounds = 8;

    private readonly IRangeSource _source;
    private readonly BlockCache _cache;
    private readonly CacheSettings _settings;
    private readonly TimeProvider _time;
    private readonly CachedPieces _pieces;
    private readonly FetchScheduler _scheduler;
    private readonly BootProfiling? _profiling;

    /// <param name="source">Owned, and disposed with the filter.</param>
    /// <param name="cache">Shared; the caller's, and disposed after the filter.</param>
    /// <param name="identity">
    /// Names the bytes, not the place: the same text means the same bytes, for ever. Null where nobody can promise that; then
    /// nothing is kept on disk.
    /// </param>
    /// <param name="settings">How to fetch.</param>
    /// <param name="time">The clock of deadlines and of the store's pace.</param>
    /// <param name="logger">Is told of profiles that cannot be used.</param>
    public CacheFilter(IRangeSource source, BlockCache cache, string? identity, CacheSettings settings, TimeProvider time, ILogger logger)
        : base(source)
    {
        (_source, _cache, _settings, _time) = (source, cache, settings, time);
        var info = source.Info;
        Info = info with { Features = info.Features | BlockDeviceFeatures.Prefetch | BlockDeviceFeatures.Extents };
        _pieces = new CachedPieces(info.Size, cache.Memory, identity is null ? null : cache.Disk?.OpenObject(identity, info.Size));
        if ((settings.ProfileFile ?? ProfileBesideBlocks) is { } profile)
            _profiling = new BootProfiling(new ProfileFile(profile, logger), info.Size, settings.Prefetch, time);
        _scheduler = new FetchScheduler(source, cache, _pieces, settings, time)
        {
            Touched = _profiling is null ? null : _profiling.OnTouch,
        };
        if (_profiling?.Feed is { } feed)
            _scheduler.Feed(feed);
        if (settings.Prefetch == PrefetchMode.All)
            _scheduler.Feed(new WholeDeviceFeed(info.Size, HasRoomForAll));
    }

    public override BlockDeviceInfo Info { get; }

    private string? ProfileBesideBlocks => _pieces.Disk is { IsOff: false } disk ? Path.Combine(disk.Folder, "profile") : null;

    /// <param name="reads">How many reads there were in all; those that did not wait are only counted above.</param>
    public CacheTotals TotalsOver(long reads)
    {
        var totals = _scheduler.Totals;
        var waits = totals.Waits.Count;
        var hits = Math.Max(0, reads - waits);
        return new CacheTotals
        {
            Waits = waits,
            ReadMedian = totals.Waits.Percentile(0.5, hits),
            ReadPercentile99 = totals.Waits.Percentile(0.99, hits),
            DemandGets = totals.DemandGets,
            BackgroundGets = totals.BackgroundGets,
            DemandBytes = totals.DemandBytes,
            BackgroundBytes = totals.BackgroundBytes,
            BytesFromDisk = totals.DiskBytes,
            Failed = totals.Failed,
            DamagedBlocks = _pieces.Disk?.DamagedBlocks ?? 0,
        };
    }

    /// <summary>Bytes of the device that are in memory just now.</summary>
    public long BytesInMemory => _pieces.Table.CountPresent() * CacheGeometry.Block;

    /// <summary>
    /// What is where, in parts of one length, a whole number of pieces each. Takes no lock and stops nobody; with a disk, it reads
    /// the disk's index, and so may wait for it.
    /// </summary>
    public CacheMap Map(long partLength) => CacheMap.Take(_pieces.Table, _pieces.Disk, Info.Size, partLength);

    /// <summary>The ranges that are on their way from the source just now, without what has arrived of them.</summary>
    public IReadOnlyList<ByteRange> Fetching() => _scheduler.Fetching();

    public override bool TryRead(long offset, Span<byte> buffer) => _pieces.TryCopy(offset, buffer);

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (buffer.IsEmpty)
            return default;
        var started = _time.GetTimestamp();
        _scheduler.Announce(new ByteRange(offset, buffer.Length));
        return _pieces.TryCopy(offset, buffer.Span) ? default : ReadMissingAsync(offset, buffer, started, cancellationToken);
    }

    private async ValueTask ReadMissingAsync(long offset, Memory<byte> buffer, long started, CancellationToken cancellationToken)
    {
        for (var done = 0; done < buffer.Length;)
        {
            var position = offset + done;
            var count = (int)Math.Min(CacheGeometry.Piece - (position % CacheGeometry.Piece), buffer.Length - done);
            await ReadPartAsync(position, buffer.Slice(done, count), started, cancellationToken);
            done += count;
        }
        _scheduler.Totals.Waits.Add(_time.GetElapsedTime(started));
    }

    /// <summary>Reads what lies in one piece.</summary>
    private async ValueTask ReadPartAsync(long offset, Memory<byte> buffer, long started, CancellationToken cancellationToken)
    {
        var part = new ByteRange(offset, buffer.Length);
        for (var round = 0; round < Rounds; round++)
        {
            if (_pieces.TryCopy(offset, buffer.Span))
                return;
            if (_scheduler.WaitFor(part) is not { } wait)
                continue;
            try
            {
                await wait.Task.WaitAsync(RestOf(started), _time, cancellationToken);
            }
            catch (TimeoutException e)
            {
                throw Late(part, e);
            }
            catch (BlockDeviceException) when (wait.Arrival.Created < started)
            {
                // That GET was old, and its time was nearly over when this read came: it deserves one of its own.
            }
        }

        await ReadPastAsync(part, buffer, started, cancellationToken);
    }

    /// <summary>So little memory for so many readers that nothing stays until it is copied: goes past the cache.</summary>
    private async ValueTask ReadPastAsync(ByteRange part, Memory<byte> buffer, long started, CancellationToken cancellationToken)
    {
        // Ended by its token, not left behind: the buffer is the caller's again once this has returned.
        using var expiry = new CancellationTokenSource(RestOf(started), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        try
        {
            await _source.ReadAsync(part.Offset, buffer, either.Token);
        }
        catch (OperationCanceledException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Late(part, e);
        }
    }

    private BlockDeviceException Late(ByteRange part, Exception e) => new(
        BlockError.Io, $"{Info.Description}: {part} did not come within {_settings.ReadDeadline.TotalSeconds:0} s", e)
    {
        IsTransient = true,
    };

    public override ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken)
    {
        if (!range.IsEmpty)
            _scheduler.Prefetch(range);
        return default;
    }

    public override bool MayHaveZeroes(ByteRange range) => _pieces.MayHaveZeroes(range);

#pragma warning disable CS1998 // an iterator that has nothing to wait for
    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var extent in _pieces.Extents(range))
            yield return extent;
    }
#pragma warning restore CS1998

    /// <summary>Completes when nothing is on its way from the source or to the disk; more may have been asked for by then.</summary>
    public async Task WhenIdleAsync()
    {
        await _scheduler.WhenIdleAsync();
        await _cache.DiskWriter.FlushAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        _profiling?.Dispose();
        await _cache.DiskWriter.FlushAsync();
        _pieces.Disk?.Dispose();
        lock (_cache.Gate)
            _cache.Memory.ReleaseAll(_pieces.Table);
        await base.DisposeAsync();
    }

    /// <summary>Once the disk is off, what is fetched for later would only push out of memory what is needed now.</summary>
    private bool HasRoomForAll() => _pieces.Disk is { IsOff: false } || Info.Size <= _cache.MemorySize;

    private TimeSpan RestOf(long started)
    {
        var rest = _settings.ReadDeadline - _time.GetElapsedTime(started);
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }
}
