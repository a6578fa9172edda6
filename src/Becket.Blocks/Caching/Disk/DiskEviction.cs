using System.Buffers.Binary;
using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// One eviction: takes pieces out of a cache folder until it is some way below its limit. One process at a time does it.
/// </summary>
/// <remarks>
/// <para>The order is that of SIEVE, in batches. A hand goes over the pieces of all objects from the oldest to the newest, by when they
/// came onto the disk, and then starts again. A piece that was used since the hand last passed loses the sign of it and stays where it
/// is; any other goes. The hand stays where it stopped, for the next run.</para>
/// <para>That withstands scans: a large read that is never repeated leaves pieces without a sign, which the hand takes as it comes by,
/// while those that are used again and again survive in place and need not be moved, or written at all, on a hit.</para>
/// </remarks>
internal sealed class DiskEviction
{
    private const int Batch = 128 * 1024; // candidates: 16 GiB of pieces, 3 to 6 MiB of memory
    private const int FullTurns = 2; // the first takes the signs of use away, so the second finds something unless all of it is in use

    private readonly DiskCacheFolder _cache;
    private readonly List<DiskEvictionSource> _objects = [];
    private readonly CancellationToken _stopping;
    private long _hand;
    private long _excess;
    private long _evicted;

    private DiskEviction(DiskCacheFolder cache, CancellationToken stopping) => (_cache, _stopping) = (cache, stopping);

    /// <summary>Evicts down to <see cref="Goal"/>, unless another process is at it or the folder is within its limit.</summary>
    /// <returns>How many pieces went.</returns>
    /// <exception cref="BlockDeviceException">Space cannot be given back.</exception>
    public static long Run(DiskCacheFolder cache, long limit, ILogger logger, CancellationToken stopping)
    {
        using var handFile = cache.TryTakeHand();
        if (handFile is null || cache.Allocated() <= limit) // another process has just done it
            return 0;
        var run = new DiskEviction(cache, stopping) { _hand = ReadHand(handFile) };
        try
        {
            run.OpenObjects();
            run.EvictTo(Goal(limit));
            DiskCacheLog.Evicted(logger, run._evicted, cache.Path, limit);
            return run._evicted;
        }
        finally
        {
            run._objects.ForEach(source => source.Dispose());
            WriteHand(handFile, run._hand);
        }
    }

    /// <summary>Some way below the limit, so that a run is worth its look at every piece.</summary>
    public static long Goal(long limit) => limit - (limit / 20);

    private void EvictTo(long goal)
    {
        TidyUp();
        for (var turns = 0; turns <= FullTurns && !_stopping.IsCancellationRequested;)
        {
            _excess = _cache.Allocated() - goal;
            if (_excess <= 0)
                return;
            var candidates = Candidates();
            if (candidates.Count == 0)
            {
                _hand = 0;
                turns++;
                continue;
            }
            foreach (var candidate in candidates)
            {
                if (_excess <= 0 || _stopping.IsCancellationRequested)
                    break;
                Evict(candidate);
            }
            TidyUp();
        }
    }

    private void Evict(EvictionCandidate candidate)
    {
        if (_objects[candidate.Object].Evict(candidate.Piece, candidate.Sequence) is { } freed)
        {
            _excess -= freed;
            _evicted++;
        }
        _hand = candidate.Sequence;
    }

    private IReadOnlyList<EvictionCandidate> Candidates()
    {
        var candidates = new EvictionCandidates(_hand, Batch);
        for (var i = 0; i < _objects.Count; i++)
        {
            foreach (var (piece, sequence) in _objects[i].Pieces())
                candidates.Add(new EvictionCandidate(sequence, i, piece));
        }
        return candidates.InOrder();
    }

    private void OpenObjects()
    {
        foreach (var name in _cache.ObjectNames())
        {
            var folder = _cache.OpenObject(name);
            if (folder is null)
                continue;
            if (DiskEvictionSource.TryOpen(folder) is { } source)
            {
                _objects.Add(source);
                continue;
            }
            // Cut off while it was made, damaged, or of another version.
            DiskObjectFiles.DeleteUnlessOpen(_cache, folder);
            folder.Dispose();
        }
    }

    /// <summary>Space that no record of use leads to, pages of the index that say nothing, and objects of which nothing is left.</summary>
    private void TidyUp()
    {
        foreach (var source in _objects)
        {
            if (_stopping.IsCancellationRequested)
                return;
            source.TidyUp();
            if (source.IsEmpty())
                DiskObjectFiles.DeleteUnlessOpen(_cache, source.Folder);
        }
    }

    /// <summary>A hand that is lost or damaged points anywhere, and any place is a good one to start.</summary>
    private static long ReadHand(DiskFile file)
    {
        Span<byte> buffer = stackalloc byte[sizeof(long)];
        return file.Read(0, buffer) == buffer.Length ? BinaryPrimitives.ReadInt64LittleEndian(buffer) : 0;
    }

    private static void WriteHand(DiskFile file, long hand)
    {
        Span<byte> buffer = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, hand);
        file.Write(0, buffer);
    }
}
