using Becket.Blocks;

namespace Becket.Tests;

public class ByteRangeTests
{
    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(0, 10, 10, true)]
    [InlineData(10, 0, 10, true)]
    [InlineData(11, 0, 10, false)]
    [InlineData(1, 10, 10, false)]
    [InlineData(-1, 1, 10, false)]
    [InlineData(long.MaxValue, long.MaxValue, 10, false)]
    public void A_range_fits_only_inside_the_device(long offset, long length, long size, bool fits) =>
        Assert.Equal(fits, new ByteRange(offset, length).FitsIn(size));

    [Fact]
    public void Ranges_that_do_not_meet_intersect_in_nothing() =>
        Assert.True(new ByteRange(0, 10).Intersect(new ByteRange(10, 5)).IsEmpty);

    [Fact]
    public void Aligning_outward_covers_the_range() =>
        Assert.Equal(new ByteRange(512, 1024), new ByteRange(1000, 200).AlignOutward(512));

    [Theory]
    [InlineData(1000, 1200, 1024, 1024)]
    [InlineData(512, 512, 512, 512)]
    [InlineData(1000, 200, 1024, 0)]
    [InlineData(513, 510, 1024, 0)]
    public void Aligning_inward_stays_within_the_range(long offset, long length, long alignedOffset, long alignedLength) =>
        Assert.Equal(new ByteRange(alignedOffset, alignedLength), new ByteRange(offset, length).AlignInward(512));
}
