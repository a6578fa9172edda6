using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>The rules of the room's README, by number, each on a device that nothing was fetched of.</summary>
public class FetchPlannerTests
{
    private const long Kibi = 1 << 10;
    private const long Mebi = 1 << 20;
    private const long Size = (64 * Mebi) + 5000; // the last piece is short, and so is its last block

    private readonly List<(ByteRange Range, FetchPriority Priority)> _fetches = [];
    private readonly BlockMap _map;

    public FetchPlannerTests() => _map = new BlockMap(Size, (range, priority) => _fetches.Add((range, priority)));

    [Fact]
    public void A_miss_brings_in_its_piece_and_goes_on_into_the_zone() // 1, 4
    {
        Read(NewPlanner(), (8 * Mebi) + (130 * Kibi), 4 * Kibi);

        Assert.Equal((Range((8 * Mebi) + (128 * Kibi), Mebi), FetchPriority.Demand), _fetches[0]);
    }

    [Fact]
    public void The_rest_of_the_zone_follows_in_the_background_forward_first() // 5
    {
        Read(NewPlanner(), (10 * Mebi) + (512 * Kibi), 4 * Kibi);

        Assert.Equal(
            [
                (Range((10 * Mebi) + (512 * Kibi), Mebi), FetchPriority.Demand),
                (Range((11 * Mebi) + (512 * Kibi), 512 * Kibi), FetchPriority.Background),
                (Range(12 * Mebi, Mebi), FetchPriority.Background),
                (Range(13 * Mebi, Mebi), FetchPriority.Background),
                (Range(14 * Mebi, Mebi), FetchPriority.Background),
                (Range(15 * Mebi, Mebi), FetchPriority.Background),
                (Range(8 * Mebi, Mebi), FetchPriority.Background),
                (Range(9 * Mebi, Mebi), FetchPriority.Background),
                (Range(10 * Mebi, 512 * Kibi), FetchPriority.Background),
            ],
            _fetches);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CacheGeometry.Piece)]
    public void A_zone_of_no_more_than_a_piece_means_the_piece_alone(long zone) // 1
    {
        Read(NewPlanner(FetchPolicy.Default with { Zone = zone }), 300 * Kibi, 4 * Kibi);

        Assert.Equal([(Range(256 * Kibi, 128 * Kibi), FetchPriority.Demand)], _fetches);
    }

    [Fact]
    public void The_first_touch_of_a_piece_that_was_fetched_earns_credit_and_no_other_does() // 2
    {
        var planner = NewPlanner(FetchPolicy.Default with { Readahead = 0 });
        Read(planner, 0, 4 * Kibi);
        var before = planner.Credit;

        Read(planner, Mebi, 4 * Kibi);
        Assert.Equal(before + FetchPolicy.Default.EarnedCredit, planner.Credit);

        Read(planner, Mebi + (64 * Kibi), 4 * Kibi);
        Assert.Equal(before + FetchPolicy.Default.EarnedCredit, planner.Credit);
    }

    [Fact]
    public void Credit_grows_to_its_maximum_and_not_beyond() // 2
    {
        var planner = NewPlanner();
        _map.Bring(Range(0, Size));

        for (var piece = 0L; piece < 512; piece++)
            Read(planner, piece * CacheGeometry.Piece, 4 * Kibi);

        Assert.Equal(FetchPolicy.Default.MaximumCredit, planner.Credit);
        Assert.Empty(_fetches);
    }

    [Theory]
    [InlineData(8 * Mebi, 8 * Mebi)]
    [InlineData((8 * Mebi) - (128 * Kibi), 8 * Mebi)]
    [InlineData((8 * Mebi) - (132 * Kibi), 4 * Mebi)]
    [InlineData(2 * Mebi, 2 * Mebi)]
    [InlineData(128 * Kibi, 256 * Kibi)]
    [InlineData(124 * Kibi, 128 * Kibi)]
    [InlineData(0, 128 * Kibi)]
    public void A_zone_is_halved_until_the_credit_pays_for_it_without_the_piece_that_is_free(long credit, long zone) // 3
    {
        var planner = NewPlanner(FetchPolicy.Default with { InitialCredit = credit });

        Read(planner, (17 * Mebi) + 5000, 100);

        Assert.Equal(zone, _fetches.Sum(fetch => fetch.Range.Length));
        Assert.Equal(credit - (zone - (128 * Kibi)), planner.Credit);
        Assert.All(_fetches, fetch => Assert.Equal(17 * Mebi / zone, fetch.Range.Offset / zone));
    }

    [Fact]
    public void What_is_here_already_costs_nothing() // 3
    {
        var planner = NewPlanner(FetchPolicy.Default with { InitialCredit = Mebi });
        _map.Bring(Range(Mebi, 7 * Mebi));

        Read(planner, 0, 4 * Kibi);

        Assert.Equal([(Range(0, Mebi), FetchPriority.Demand)], _fetches);
        Assert.Equal(128 * Kibi, planner.Credit);
    }

    [Fact]
    public void A_demand_get_stops_before_what_is_not_absent_and_a_further_gap_of_the_read_gets_another() // 4, 7
    {
        _map.Bring(Range(64 * Kibi, 4 * Kibi));
        _map.Bring(Range(8 * Kibi, 4 * Kibi));
        _map.Bring(Range(80 * Kibi, 40 * Kibi));

        Read(NewPlanner(FetchPolicy.Default with { Zone = 0 }), 16 * Kibi, 64 * Kibi);

        Assert.Equal(
            [
                (Range(12 * Kibi, 52 * Kibi), FetchPriority.Demand),
                (Range(68 * Kibi, 12 * Kibi), FetchPriority.Demand),
                (Range(0, 8 * Kibi), FetchPriority.Background),
                (Range(120 * Kibi, 8 * Kibi), FetchPriority.Background),
            ],
            _fetches);
    }

    [Fact]
    public void A_long_read_is_brought_in_by_several_gets_at_once() // 4
    {
        Read(NewPlanner(), Mebi, 5 * Mebi);

        Assert.Equal(
            [Range(Mebi, 2 * Mebi), Range(3 * Mebi, 2 * Mebi), Range(5 * Mebi, Mebi)],
            _fetches.Where(fetch => fetch.Priority == FetchPriority.Demand).Select(fetch => fetch.Range));
    }

    [Fact]
    public void A_hit_that_touches_a_new_piece_fetches_its_zone_in_the_background() // 6
    {
        _map.Bring(Range(9 * Mebi, 4 * Kibi));

        var planner = NewPlanner();
        var credit = planner.Credit + FetchPolicy.Default.EarnedCredit;

        Read(planner, 9 * Mebi, 4 * Kibi);

        Assert.Equal(credit - ((8 * Mebi) - (128 * Kibi)), planner.Credit);
        Assert.Equal((Range((9 * Mebi) + (4 * Kibi), Mebi - (4 * Kibi)), FetchPriority.Background), _fetches[0]);
        Assert.Equal((8 * Mebi) - (4 * Kibi), _fetches.Sum(fetch => fetch.Range.Length));
        Assert.All(_fetches, fetch => Assert.Equal(FetchPriority.Background, fetch.Priority));
    }

    [Fact]
    public void Reading_on_is_read_ahead_free_of_credit() // 9
    {
        var planner = NewPlanner(FetchPolicy.Default with { Zone = 0, InitialCredit = 0 });

        Read(planner, 0, 128 * Kibi);
        Read(planner, 128 * Kibi, 128 * Kibi);

        Assert.Equal(
            [
                (Range(0, 128 * Kibi), FetchPriority.Demand),
                (Range(128 * Kibi, 128 * Kibi), FetchPriority.Demand),
                (Range(256 * Kibi, 256 * Kibi), FetchPriority.Background),
            ],
            _fetches);
    }

    [Fact]
    public void Reading_to_the_end_fetches_nothing_beyond_it()
    {
        var planner = NewPlanner();
        for (var at = Size - 1000; at < Size; at += 100)
            Read(planner, at, 100);

        Assert.Equal(Size, _fetches.Max(fetch => fetch.Range.End));
    }

    [Fact]
    public void A_prefetch_brings_in_what_is_absent_and_costs_no_credit()
    {
        var planner = NewPlanner();
        _map.Bring(Range(2 * Mebi, Mebi));

        planner.OnPrefetch(Range((512 * Kibi) + 1, 3 * Mebi), _map);

        Assert.Equal(
            [
                (Range(512 * Kibi, 512 * Kibi), FetchPriority.Background),
                (Range(Mebi, Mebi), FetchPriority.Background),
                (Range(3 * Mebi, (512 * Kibi) + 4096), FetchPriority.Background),
            ],
            _fetches);
        Assert.Equal(FetchPolicy.Default.InitialCredit, planner.Credit);
    }

    [Fact]
    public void A_measured_store_changes_how_far_a_miss_reaches() // 11
    {
        var planner = NewPlanner();
        planner.Adapt(new StorePace(TimeSpan.FromMilliseconds(50), 1.25e6));

        Read(planner, 300 * Kibi, 4 * Kibi);

        Assert.Equal([(Range(256 * Kibi, 128 * Kibi), FetchPriority.Demand)], _fetches);
    }

    [Fact]
    public void A_read_of_what_is_here_allocates_nothing()
    {
        var planner = NewPlanner();
        _map.Bring(Range(0, Size));
        var target = new Everything();
        planner.OnRead(Range(0, 4 * Kibi), target);

        // The runtime itself allocates now and then, so it is the best of several that counts.
        Assert.Equal(0, Enumerable.Range(0, 10).Select(_ => AllocatedByReads()).ToArray().Min());

        long AllocatedByReads()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0L; i < 1000; i++)
                planner.OnRead(Range(i * 4096, 4096), target);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static FetchPlanner NewPlanner() => NewPlanner(FetchPolicy.Default);

    private static FetchPlanner NewPlanner(FetchPolicy policy) => new(Size, policy);

    private static ByteRange Range(long offset, long length) => new(offset, length);

    private void Read(FetchPlanner planner, long offset, long length) => planner.OnRead(new ByteRange(offset, length), _map);

    /// <summary>A cache that has every block and has seen no read.</summary>
    private sealed class Everything : IFetchTarget
    {
        public uint AbsentBlocks(long piece) => 0;

        public bool Touch(long piece) => true;

        public void Fetch(ByteRange range, FetchPriority priority) => Assert.Fail($"{range} is here.");
    }
}
