namespace Becket.Blocks.Caching.Disk;

/// <summary>Reading blocks back, and what happens to those that are not what was written.</summary>
public sealed partial class DiskCacheObject
{
    private long _damagedBlocks;

    /// <summary>How many blocks this process found whose bytes did not match what the index says of them.</summary>
    public long DamagedBlocks => Interlocked.Read(ref _damagedBlocks);

    /// <summary>
    /// Reads blocks, as far as they are here; waits for the disk. Counts as a use of the piece.
    /// </summary>
    /// <param name="piece">The piece.</param>
    /// <param name="blocks">The blocks that are wanted.</param>
    /// <param name="buffer">The piece, from its start. What belongs to wanted blocks that are not returned has undefined content.</param>
    /// <returns>
    /// The blocks that are right. The others have to be fetched, whatever <see cref="Present"/> said and may say again.
    /// </returns>
    public uint Read(long piece, uint blocks, Span<byte> buffer)
    {
        if (_files is null)
            return 0;
        try
        {
            Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
            _files.Index.ReadMarks(piece, marks);
            Sort(piece, blocks, marks, out var data, out var zero);
            Clear(piece, zero, buffer);
            foreach (var (first, count) in new BlockRuns(data))
            {
                var run = InPiece(piece, first, count);
                _files.Data.Read((piece * CacheGeometry.Piece) + run.Start.Value, buffer[run]);
            }
            var verified = Verify(piece, data, marks, buffer);
            if (verified != data)
                verified |= LookAgain(piece, data & ~verified, marks, buffer);
            return Used(piece, verified | zero);
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
            return 0;
        }
    }

    /// <summary>The same without waiting for the disk: only what the kernel has in memory. Where it cannot say, that is nothing.</summary>
    public uint ReadCached(long piece, uint blocks, Span<byte> buffer)
    {
        Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        if (_files is null || !_files.Index.TryReadMarks(piece, marks))
            return 0;
        Sort(piece, blocks, marks, out var data, out var zero);
        Clear(piece, zero, buffer);
        var read = 0u;
        foreach (var (first, count) in new BlockRuns(data))
        {
            var run = InPiece(piece, first, count);
            var end = run.Start.Value + _files.Data.ReadCached((piece * CacheGeometry.Piece) + run.Start.Value, buffer[run]);
            for (var block = first; block < first + count; block++)
                read |= InPiece(piece, block, 1).End.Value <= end ? 1u << block : 0;
        }
        return Used(piece, Verify(piece, read, marks, buffer) | zero);
    }

    private uint Used(long piece, uint blocks)
    {
        if (blocks != 0)
            Use(piece);
        return blocks;
    }

    /// <summary>Parts the wanted blocks that are present into those with bytes and the zeroes.</summary>
    private void Sort(long piece, uint wanted, ReadOnlySpan<ulong> marks, out uint data, out uint zero)
    {
        wanted &= PresentIn(marks) & CacheGeometry.BlocksIn(piece, _size);
        zero = ZeroIn(piece, marks) & wanted;
        data = wanted & ~zero;
    }

    private void Clear(long piece, uint blocks, Span<byte> buffer)
    {
        foreach (var (first, count) in new BlockRuns(blocks))
            buffer[InPiece(piece, first, count)].Clear();
    }

    private uint Verify(long piece, uint blocks, ReadOnlySpan<ulong> marks, ReadOnlySpan<byte> buffer)
    {
        var verified = 0u;
        foreach (var (first, count) in new BlockRuns(blocks))
        {
            for (var block = first; block < first + count; block++)
            {
                if (marks[block] == BlockMark.Of(buffer[InPiece(piece, block, 1)], _files!.Index.Key, NumberOf(piece, block)))
                    verified |= 1u << block;
            }
        }
        return verified;
    }

    /// <summary>
    /// Blocks that did not match their marks. If the mark has changed, the block was evicted meanwhile. If not, it may have been
    /// evicted and written again, so its bytes get another chance; then it is damaged, and forgotten.
    /// </summary>
    private uint LookAgain(long piece, uint suspects, ReadOnlySpan<ulong> before, Span<byte> buffer)
    {
        var verified = 0u;
        Span<ulong> now = stackalloc ulong[CacheGeometry.BlocksPerPiece];
        for (var block = 0; block < now.Length; block++)
        {
            var bit = 1u << block;
            if ((suspects & bit) == 0)
                continue;
            _files!.Index.ReadMarks(piece, now);
            if (now[block] != before[block])
                continue;
            var bytes = InPiece(piece, block, 1);
            var offset = (piece * CacheGeometry.Piece) + bytes.Start.Value;
            _files.Data.Read(offset, buffer[bytes]);
            if (Verify(piece, bit, before, buffer) != 0)
                verified |= bit;
            else
                ForgetDamaged(piece, block, offset);
        }
        return verified;
    }

    /// <summary>
    /// Without a lock: if somebody writes the block again at this very moment, his mark is lost, and with it no more than a fetch.
    /// </summary>
    private void ForgetDamaged(long piece, int block, long offset)
    {
        Interlocked.Increment(ref _damagedBlocks);
        _cache.WarnOfDamage(_identity, Folder, offset);
        if (!IsOff)
            _files!.Index.WriteMarks(piece, block, [BlockMark.Absent]);
    }
}
