using Becket.Blocks.Caching.Disk;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching.Fetching;

internal sealed partial class FetchScheduler
{
    private async Task RunAsync(Arrival arrival)
    {
        Exception? failure = null;
        var started = _time.GetTimestamp();
        try
        {
            await TransferAsync(arrival, started);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            failure = Closed();
        }
        catch (Exception e)
        {
            failure = e;
        }
        Complete(arrival, failure, _time.GetElapsedTime(started));
    }

    /// <summary>The time, as the pace is measured in: from when the device was opened.</summary>
    private TimeSpan Now => _time.GetElapsedTime(_opened);

    private async Task TransferAsync(Arrival arrival, long started)
    {
        var (position, end) = (arrival.Range.Offset, arrival.Range.End);
        await using var body = await _source.OpenRangeAsync(arrival.Range, _closing.Token);
        lock (_cache.Gate)
        {
            arrival.IsComing = true;
            _pace.Begin(Now, _time.GetElapsedTime(started));
        }
        while (position < end)
        {
            var piece = PieceOf(position);
            var slot = await RentAsync(piece);
            try
            {
                var landed = await FillAsync(arrival, body, piece, slot, position);
                position = Math.Min((piece + 1) * Piece, end);
                if (_pieces.Disk is { IsOff: false } disk)
                    await KeepAsync(disk, piece, landed.Blocks, landed.Zero, slot);
            }
            finally
            {
                _cache.Memory.Memory.Unpin(slot);
            }
            lock (_cache.Gate)
                _pieces.ReleaseIfZero(piece);
        }
    }

    /// <summary>Reads the part of a body that lies in one piece, and tells as much as came each time.</summary>
    private async ValueTask<(uint Blocks, uint Zero)> FillAsync(Arrival arrival, Stream body, long piece, int slot, long position)
    {
        var memory = _cache.Memory.Memory.Memory(slot);
        var start = piece * Piece;
        var from = (int)(position - start);
        var (reached, stop) = (from, (int)(Math.Min(arrival.Range.End, start + Piece) - start));
        var (blocks, zero) = (0u, 0u);
        while (reached < stop)
        {
            var count = await body.ReadAsync(memory[reached..stop], _closing.Token);
            if (count == 0)
                throw new BlockDeviceException(BlockError.Io, $"{_source.Info.Description}: {arrival.Range} ended at {start + reached}");
            reached += count;

            // Only whole blocks count, and the last one of the range or the device, which may be short.
            var whole = reached == stop ? stop : reached / Block * Block;
            if (whole <= from)
                continue;
            var (newBlocks, newZero) = (BlocksOf(from, whole), CachedPieces.FindZeroes(memory.Span, from, whole));
            Land(arrival, piece, newBlocks, newZero, start + whole);
            (blocks, zero, from) = (blocks | newBlocks, zero | newZero, whole);
        }
        return (blocks, zero);
    }

    private async ValueTask KeepAsync(DiskCacheObject disk, long piece, uint blocks, uint zero, int slot)
    {
        if (!await _cache.DiskWriter.TryWriteAsync(disk, piece, blocks, zero, slot))
            return;
        lock (_cache.Gate)
            _pieces.Keep(piece, blocks);
    }

    private void Land(Arrival arrival, long piece, uint blocks, uint zero, long reached)
    {
        List<Arrival.Waiter>? due = null;
        lock (_cache.Gate)
        {
            _pieces.Land(piece, blocks, zero);
            _pace.Receive(Now, reached - arrival.Reached);
            arrival.Advance(reached, ref due);
        }
        Arrival.Waiter.CompleteAll(due, failure: null);
    }

    /// <summary>
    /// Pins a slot for a piece. All of them can be pinned only for moments: by readers that copy, and by bodies and writes of
    /// one piece each.
    /// </summary>
    private async ValueTask<int> RentAsync(long piece)
    {
        while (true)
        {
            lock (_cache.Gate)
            {
                if (_cache.Memory.Rent(_pieces.Table, piece) is not 0 and var slot)
                    return slot;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(1), _time, _closing.Token);
        }
    }

    private void Complete(Arrival arrival, Exception? failure, TimeSpan took)
    {
        List<Arrival.Waiter>? due = null;
        List<Arrival>? startable;
        lock (_cache.Gate)
        {
            if (arrival.Reached < arrival.Range.End)
                _pieces.SetPending(ByteRange.FromBounds(arrival.Reached, arrival.Range.End), pending: false);
            _arrivals.Remove(arrival);
            arrival.End(ref due);
            _queue.Finish(arrival);
            if (arrival.IsComing)
                _pace.End(Now);
            if (_pace.Pace is { } pace)
                _planner.Adapt(pace);
            _queue.Connections = _limit.Learn(took, failure is null);
            _totals.Add(arrival, failure);
            LearnForFeeds(arrival, failure);
            startable = TakeStartable();
        }
        Arrival.Waiter.CompleteAll(due, failure);
        Start(startable);
        Leave();
    }
}
