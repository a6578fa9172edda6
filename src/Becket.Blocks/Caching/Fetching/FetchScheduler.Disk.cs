using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Blocks.Caching.Fetching;

internal sealed partial class FetchScheduler
{
    /// <summary>Blocks of one piece on their way from disk. Whoever waits is told when all have been tried.</summary>
    private sealed class DiskLoad(long piece, uint blocks, ByteRange range) : Arrival(range, FetchPriority.Demand)
    {
        public long Piece => piece;

        public uint Blocks => blocks;

        public override bool Brings(long offset) =>
            Range.Contains(offset) && (blocks >> (int)((offset - Range.Offset) / Block) & 1) != 0;
    }

    /// <summary>A load of a block that is on disk, and of all others of its piece; null where it is not there.</summary>
    private DiskLoad? LoadFor(long piece, int first)
    {
        // Asked once: another process may evict the block the next moment.
        var blocks = _pieces.OnDisk(piece, _pieces.Missing(piece, BlocksIn(piece, _source.Info.Size)));
        if ((blocks >> first & 1) == 0)
            return null;

        var range = new ByteRange(piece * Piece, PieceLength(piece, _source.Info.Size));
        var load = new DiskLoad(piece, blocks, range) { Created = _time.GetTimestamp(), State = FetchState.Running };
        _pieces.SetPending(piece, blocks, pending: true);
        _arrivals.Add(load);
        _working++;
        return load;
    }

    /// <summary>
    /// Reads and checks blocks on disk: at once where the kernel has them in memory, otherwise on a thread of the pool. What is damaged or
    /// was evicted meanwhile is then absent, and whoever waited for it has it fetched: so a bad disk fails nobody.
    /// </summary>
    private async Task LoadAsync(DiskLoad load)
    {
        var verified = 0u;
        Exception? failure = null;
        try
        {
            var slot = await RentAsync(load.Piece);
            try
            {
                var (disk, memory) = (_pieces.Disk!, _cache.Memory.Memory);
                verified = disk.ReadCached(load.Piece, load.Blocks, memory.Span(slot));
                var rest = load.Blocks & ~verified;
                if (rest != 0)
                    verified |= await Task.Run(() => disk.Read(load.Piece, rest, memory.Span(slot)));
                lock (_cache.Gate)
                    _pieces.Land(load.Piece, verified, zero: 0);
            }
            finally
            {
                _cache.Memory.Memory.Unpin(slot);
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            failure = Closed();
        }
        catch (Exception e)
        {
            failure = e;
        }

        List<Arrival.Waiter>? due = null;
        lock (_cache.Gate)
        {
            _pieces.SetPending(load.Piece, load.Blocks & ~verified, pending: false);
            _pieces.Refuse(load.Piece, load.Blocks & ~verified);
            _arrivals.Remove(load);
            load.End(ref due);
            _totals.AddDisk(verified);
        }
        Arrival.Waiter.CompleteAll(due, failure);
        Leave();
    }
}
