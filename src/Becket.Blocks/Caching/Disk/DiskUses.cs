using System.Collections.Concurrent;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The pieces of an object that this process used lately, kept in memory until they are written into the index all together.
/// A use of a piece that came onto the disk in the same period as the use is left out: the small reads of one pass
/// through a piece are the one use that it was fetched for.
/// </summary>
internal sealed class DiskUses(DiskIndex index, TimeProvider time)
{
    private const int Words = DiskIndex.UsesPerPage / 64;

    private readonly ConcurrentDictionary<long, ulong[]> _pages = new();
    private long _periodStart = Now(time);

    /// <summary>Microseconds since 1970, never 0 on a clock that is roughly right.</summary>
    public static long Now(TimeProvider time) =>
        Math.Max(1, (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Notes a use. No more than memory is touched, by any number of threads.</summary>
    public void Note(long piece)
    {
        var page = _pages.GetOrAdd(piece / DiskIndex.UsesPerPage, static _ => new ulong[Words]);
        var inPage = (int)(piece % DiskIndex.UsesPerPage);
        ref var word = ref page[inPage / 64];
        var bit = 1UL << (inPage % 64);
        if ((Volatile.Read(ref word) & bit) == 0) // most uses repeat an earlier one, and reading does not take the line from other cores
            Interlocked.Or(ref word, bit);
    }

    /// <summary>Writes the signs of use of this period and begins the next. One that is noted at this moment may be lost.</summary>
    public void Flush()
    {
        var start = Interlocked.Exchange(ref _periodStart, Now(time));
        var uses = new UseRecord[DiskIndex.UsesPerPage];
        foreach (var page in _pages.Keys)
        {
            if (!_pages.TryRemove(page, out var words))
                continue;
            var first = page * DiskIndex.UsesPerPage;
            index.ReadUses(first, uses);
            for (var i = 0; i < uses.Length; i++)
            {
                var wasUsed = (Volatile.Read(ref words[i / 64]) & (1UL << (i % 64))) != 0;
                if (wasUsed && !uses[i].IsAbsent && !uses[i].IsVisited && uses[i].Sequence < start)
                    index.WriteVisited(first + i, 1);
            }
        }
    }
}
