using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>What a comparison of the folder with the object finds, and that dropping it makes room for the right bytes.</summary>
public sealed class DiskCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KnownObject _known = new(12, (3 * CacheGeometry.Piece) + 5000);
    private readonly DiskCache _cache;
    private readonly DiskCacheObject _opened;

    public DiskCheckTests()
    {
        _cache = DiskCache.Open(_folder.Path, 1L << 30, NullLogger.Instance);
        _opened = _known.Open(_cache);
        for (var piece = 0; piece < _known.PieceCount; piece++)
            _known.Write(_opened, piece);
    }

    public void Dispose()
    {
        _opened.Dispose();
        _cache.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Whole_pieces_have_nothing_bad()
    {
        for (var piece = 0; piece < _known.PieceCount; piece++)
            Assert.Equal(new CheckedBlocks(CacheGeometry.BlocksIn(piece, _known.Size), 0, 0), _opened.Check(piece, _known.Bytes(piece)));
    }

    [Fact]
    public void A_flipped_bit_is_found_left_alone_and_dropped_when_it_is_asked()
    {
        var block = System.Numerics.BitOperations.TrailingZeroCount(~_known.Zeroes(1));
        var bit = 1u << block;
        Flip(CacheGeometry.Piece + (block * CacheGeometry.Block) + 99);

        Assert.Equal(bit, _opened.Check(1, _known.Bytes(1)).Damaged);
        Assert.Equal(new CheckedBlocks(CacheGeometry.AllBlocks, bit, 0), _opened.Check(1, _known.Bytes(1)));
        Assert.True(_opened.Drop(1, bit));
        Assert.Equal(new CheckedBlocks(~bit, 0, 0), _opened.Check(1, _known.Bytes(1)));
        _known.Write(_opened, 1, bit);
        Assert.Equal(new CheckedBlocks(CacheGeometry.AllBlocks, 0, 0), _opened.Check(1, _known.Bytes(1)));
    }

    [Fact]
    public void Blocks_that_are_unlike_the_objects_are_told_from_damaged_ones()
    {
        var truth = _known.Bytes(3);
        truth[^1] ^= 1; // in the object's last, short block

        var last = 1u << ((truth.Length - 1) / CacheGeometry.Block);
        Assert.Equal(new CheckedBlocks(CacheGeometry.BlocksIn(3, _known.Size), 0, last), _opened.Check(3, truth));
    }

    [Fact]
    public void A_zero_block_is_compared_too()
    {
        var bytes = _known.Bytes(0);
        _opened.Write(0, 0, 1, bytes);
        bytes.AsSpan(0, CacheGeometry.Block).Clear();
        Assert.Equal(0u, _opened.Check(0, bytes).Different);
        bytes[17] = 1;
        Assert.Equal(1u, _opened.Check(0, bytes).Different);
    }

    private void Flip(long offset)
    {
        using var file = File.Open(Path.Combine(_opened.Folder, "data"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 1));
    }
}
