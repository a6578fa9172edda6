using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>The bytes of the index: folders outlive programs, so a change here needs another version number.</summary>
public class DiskIndexFormatTests
{
    [Fact]
    public void The_header_has_these_bytes()
    {
        var bytes = new byte[DiskIndexHeader.Length];
        new DiskIndexHeader(0x0102030405060708, 0x1112131415161718).Write(bytes);
        Assert.Equal(
            "4245434B45544443" + "01000000" + "00100000" + "20000000" + "00000000" + "0807060504030201" + "1817161514131211",
            Convert.ToHexString(bytes.AsSpan(0, 40)));
        Assert.Equal(new DiskIndexHeader(0x0102030405060708, 0x1112131415161718), DiskIndexHeader.Read(bytes));
    }

    [Fact]
    public void A_header_with_any_bit_flipped_is_not_one()
    {
        var bytes = new byte[DiskIndexHeader.Length];
        new DiskIndexHeader(123456, 42).Write(bytes);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(DiskIndexHeader.Read(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.Null(DiskIndexHeader.Read(bytes.AsSpan(1)));
        Assert.Null(DiskIndexHeader.Read([]));
    }

    [Fact]
    public void A_mark_depends_on_the_bytes_the_object_and_the_place()
    {
        var block = new byte[CacheGeometry.Block];
        new Random(1).NextBytes(block);
        var mark = BlockMark.Of(block, 7, 100);
        Assert.Equal(mark, BlockMark.Of(block, 7, 100));
        Assert.NotEqual(mark, BlockMark.Of(block, 8, 100));
        Assert.NotEqual(mark, BlockMark.Of(block, 7, 101));
        Assert.NotEqual(mark, BlockMark.Of(block.AsSpan(1), 7, 100));
        block[4000] ^= 1;
        Assert.NotEqual(mark, BlockMark.Of(block, 7, 100));
    }

    [Fact]
    public void Marks_of_zeroes_are_all_different_and_far_from_absence()
    {
        var marks = Enumerable.Range(0, 100_000).Select(number => BlockMark.Zero(7, number)).ToList();
        Assert.Equal(marks.Count, marks.Distinct().Count());
        Assert.All(marks, mark => Assert.InRange(System.Numerics.BitOperations.PopCount(mark), 8, 56));
        Assert.NotEqual(BlockMark.Zero(7, 1), BlockMark.Zero(8, 1));
    }

    [Theory]
    [InlineData(0u, "")]
    [InlineData(1u, "0+1")]
    [InlineData(0x8000_0000u, "31+1")]
    [InlineData(0xFFFF_FFFFu, "0+32")]
    [InlineData(0xC000_0F06u, "1+2 8+4 30+2")]
    public void Blocks_are_taken_in_runs(uint blocks, string runs)
    {
        var found = new List<string>();
        foreach (var (first, count) in new BlockRuns(blocks))
            found.Add($"{first}+{count}");
        Assert.Equal(runs, string.Join(' ', found));
    }
}
