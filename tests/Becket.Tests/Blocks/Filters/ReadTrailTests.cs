using Becket.Blocks.Filters;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Filters;

public class ReadTrailTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(1, 1, 128 << 10)]
    [InlineData(128 << 10, 1, 128 << 10)]
    [InlineData((128 << 10) + 1, 2, 128 << 10)]
    [InlineData(128L << 20, 1024, 128 << 10)]
    [InlineData((128L << 20) + 1, 513, 256 << 10)]
    [InlineData(1L << 40, 1024, 1 << 30)]
    public void A_device_is_cut_into_at_most_1024_parts(long size, int parts, long length)
    {
        Assert.Equal(parts, ReadTrail.PartsOf(size));
        Assert.Equal(length, ReadTrail.PartLength(size));
    }

    [Fact]
    public void What_was_never_read_has_no_age() => Assert.All(new ReadTrail(1 << 20, _time).Look(), static age => Assert.Equal(-1, age));

    [Fact]
    public void A_read_marks_every_part_that_it_touches_and_no_other()
    {
        var trail = new ReadTrail(1 << 20, _time);
        trail.Note((128 << 10) - 1, 2 + (128 << 10));
        trail.Note((1 << 20) - 1, 1);
        trail.Note(0, 0);
        Assert.Equal([0, 0, 0, -1, -1, -1, -1, 0], trail.Look());
    }

    [Fact]
    public void Parts_grow_older_until_they_are_read_again()
    {
        var trail = new ReadTrail(256 << 10, _time);
        trail.Note(0, 1);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal([3, -1], trail.Look());
        trail.Note(128 << 10, 1);
        Assert.Equal([3, 0], trail.Look());
        trail.Note(0, 1);
        Assert.Equal([0, 0], trail.Look());
    }
}
