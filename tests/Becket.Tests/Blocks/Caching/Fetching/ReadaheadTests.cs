using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

public class ReadaheadTests
{
    private const long Kibi = 1 << 10;
    private const long Mebi = 1 << 20;

    private readonly Readahead _readahead = new(slots: 4, first: 256 * Kibi);

    [Fact]
    public void One_read_is_no_stream_and_the_second_one_is() =>
        Assert.Equal(
            [default, new ByteRange(512 * Kibi, 256 * Kibi)],
            new[] { Follow(256 * Kibi), Follow(384 * Kibi) });

    [Fact]
    public void The_window_doubles_each_time_that_half_of_it_is_used_up_to_the_most()
    {
        var windows = new List<long>();
        var (ahead, at) = (0L, 0L);
        for (; at < 64 * Mebi; at += 128 * Kibi)
        {
            var range = Follow(at, most: 4 * Mebi);
            if (range.IsEmpty)
                continue;
            Assert.Equal(ahead == 0 ? at + (128 * Kibi) : ahead, range.Offset); // no gap, nothing twice
            ahead = range.End;
            windows.Add(ahead - at - (128 * Kibi));
        }

        Assert.Equal([256 * Kibi, 512 * Kibi], windows[..2]);
        Assert.InRange(windows.Max(), 4 * Mebi, (5 * Mebi) - 1); // it ends on a whole GET
        Assert.True(ahead >= at + (2 * Mebi));
    }

    [Fact]
    public void A_reader_seen_once_per_piece_is_still_followed()
    {
        Follow(0, length: 4 * Kibi);

        Assert.False(Follow(CacheGeometry.Piece, length: 4 * Kibi).IsEmpty);
    }

    [Fact]
    public void Reading_the_same_again_reads_nothing_ahead()
    {
        Follow(Mebi);

        Assert.True(Follow(Mebi).IsEmpty);
        Assert.True(Follow(Mebi).IsEmpty);
    }

    [Fact]
    public void Several_readers_are_told_apart()
    {
        for (var reader = 0; reader < 4; reader++)
            Assert.True(Follow(reader * 100 * Mebi).IsEmpty);
        for (var reader = 0; reader < 4; reader++)
            Assert.False(Follow((reader * 100 * Mebi) + (128 * Kibi)).IsEmpty);
    }

    [Fact]
    public void The_reader_that_was_away_for_longest_is_forgotten_for_a_new_one()
    {
        for (var reader = 0; reader < 5; reader++)
            Follow(reader * 100 * Mebi);

        Assert.False(Follow((100 * Mebi) + (128 * Kibi)).IsEmpty);
        Assert.True(Follow(128 * Kibi).IsEmpty);
    }

    [Fact]
    public void Jumping_about_is_never_read_ahead()
    {
        for (var i = 1; i < 1000; i++)
            Assert.True(Follow(i * 7919L % 1000 * Mebi).IsEmpty);
    }

    [Fact]
    public void A_window_follows_a_bound_that_is_lowered()
    {
        var at = 0L;
        for (; at < 32 * Mebi; at += 128 * Kibi)
            Follow(at);

        for (; at < 128 * Mebi; at += 128 * Kibi)
        {
            var range = Follow(at, most: Mebi);
            Assert.InRange(range.Length, 0, 2 * Mebi);
        }
    }

    [Fact]
    public void A_bound_of_zero_reads_nothing_ahead()
    {
        for (var at = 0L; at < 16 * Mebi; at += 128 * Kibi)
            Assert.True(Follow(at, most: 0).IsEmpty);
    }

    private ByteRange Follow(long offset, long length = 128 * Kibi, long most = 32 * Mebi) =>
        _readahead.Follow(new ByteRange(offset, length), most, get: Mebi);
}
