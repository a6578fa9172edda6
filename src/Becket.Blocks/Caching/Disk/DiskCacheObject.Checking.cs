namespace Becket.Blocks.Caching.Disk;

/// <summary>Comparing what is here with the object's own bytes, which no read has to wait for.</summary>
public sealed partial class DiskCacheObject
{
    /// <summary>Bytes in a piece, of which only the last one of an object may be shorter.</summary>
    public static int PieceSize => CacheGeometry.Piece;

    /// <summary>
    /// Compares the blocks of a piece with their marks and with the object's bytes. Changes nothing and counts as no use; blocks that
    /// are evicted meanwhile count as not here.
    /// </summary>
    /// <param name="piece">The piece.</param>
    /// <param name="truth">The whole piece as it is in the store.</param>
    public CheckedBlocks Check(long piece, ReadOnlySpan<byte> truth)
    {
        if (truth.Length != CacheGeometry.PieceLength(piece, _size))
            throw new ArgumentException("This is not the whole piece.", nameof(truth));
        if (_files is null)
            return default;
        try
        {
            Span<ulong> marks = stackalloc ulong[CacheGeometry.BlocksPerPiece];
            Span<byte> block = stackalloc byte[CacheGeometry.Block];
            _files.Index.ReadMarks(piece, marks);
            Sort(piece, CacheGeometry.AllBlocks, marks, out var data, out var zero);
            var (present, damaged, different) = (data | zero, 0u, 0u);
            for (var number = 0; number < marks.Length; number++)
            {
                var bit = 1u << number;
                if ((present & bit) == 0)
                    continue;
                var there = InPiece(piece, number, 1);
                var expected = truth[there];
                var bytes = block[..expected.Length];
                bytes.Clear();
                if ((data & bit) != 0)
                    _files.Data.Read((piece * CacheGeometry.Piece) + there.Start.Value, bytes);
                if ((data & bit) != 0 && marks[number] != BlockMark.Of(bytes, _files.Index.Key, NumberOf(piece, number)))
                    damaged |= bit;
                else if (!bytes.SequenceEqual(expected))
                    different |= bit;
            }

            // Only what is still marked as it was: the others were evicted, or written anew, between the mark and the bytes.
            Span<ulong> now = stackalloc ulong[CacheGeometry.BlocksPerPiece];
            _files.Index.ReadMarks(piece, now);
            for (var number = 0; number < marks.Length; number++)
            {
                if (now[number] != marks[number])
                    present &= ~(1u << number);
            }
            return new CheckedBlocks(present, damaged & present, different & present);
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
            return default;
        }
    }

    /// <summary>
    /// Forgets blocks, so that they are fetched again. Whoever writes one at this very moment loses his mark: that costs a fetch, too.
    /// </summary>
    /// <returns>False where the disk cannot be written.</returns>
    public bool Drop(long piece, uint blocks)
    {
        if (_files is null || IsOff)
            return false;
        try
        {
            Span<ulong> absent = stackalloc ulong[CacheGeometry.BlocksPerPiece];
            absent.Clear(); // BlockMark.Absent
            foreach (var (first, count) in new BlockRuns(blocks))
                _files.Index.WriteMarks(piece, first, absent[..count]);
            return true;
        }
        catch (BlockDeviceException e)
        {
            _cache.TurnOff(e);
            return false;
        }
    }
}

/// <summary>The outcome of a check of one piece; each a set of blocks.</summary>
/// <param name="Present">What is here.</param>
/// <param name="Damaged">What does not match its own mark: the disk, or who wrote to the folder. No read returns it.</param>
/// <param name="Different">What matches its mark and is not what the store has.</param>
public readonly record struct CheckedBlocks(uint Present, uint Damaged, uint Different);
