using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;
using CsCheck;

namespace Becket.Tests.Blocks.Caching.Fetching;

public class FetchSizesTests
{
    private const long Kibi = 1 << 10;
    private const long Mebi = 1 << 20;

    [Theory]
    [InlineData("S3, far", 100, 600, 8 * Mebi, Mebi, 32 * Mebi)]
    [InlineData("S3", 25, 600, 8 * Mebi, Mebi, 32 * Mebi)]
    [InlineData("S3, same region", 5, 600, 4 * Mebi, Mebi, 12_000_000)]
    [InlineData("100 Mbit/s", 30, 12.5, 512 * Kibi, 128 * Kibi, 1_500_000)]
    [InlineData("10 Mbit/s", 50, 1.25, 128 * Kibi, 128 * Kibi, Mebi)]
    [InlineData("next room", 0.3, 1000, 256 * Kibi, Mebi, 20_000_000)]
    [InlineData("no time at all", 0, 1000, 128 * Kibi, Mebi, 20_000_000)]
    public void Sizes_follow_the_pace_of_the_store(string store, double milliseconds, double megabytes, long zone, long get, long ahead)
    {
        var sizes = FetchSizes.For(FetchPolicy.Default, new StorePace(TimeSpan.FromMilliseconds(milliseconds), megabytes * 1e6));

        Assert.True((zone, get, ahead) == (sizes.Zone, sizes.Get, sizes.Readahead), $"{store}: {sizes}");
    }

    [Fact]
    public void No_pace_leads_beyond_the_policy_or_below_a_piece() =>
        Gen.Select(Gen.Double[0, 1e7], Gen.Double[0, 1e15], Gen.Long[0, 64 * Mebi], Gen.Long[0, 64 * Mebi]).Sample(
            (milliseconds, rate, zone, readahead) =>
            {
                var policy = FetchPolicy.Default with { Zone = zone, Readahead = readahead };
                var sizes = FetchSizes.For(policy, new StorePace(TimeSpan.FromMilliseconds(milliseconds), rate));

                Assert.InRange(sizes.Zone, CacheGeometry.Piece, Math.Max(CacheGeometry.Piece, zone));
                Assert.InRange(sizes.Get, CacheGeometry.Piece, policy.BackgroundGet);
                Assert.InRange(sizes.Readahead, Math.Min(Mebi, readahead), readahead);
                Assert.InRange(sizes.Waiting, Mebi, policy.Waiting);
                Assert.Equal(0, sizes.Zone & (sizes.Zone - 1));
                Assert.Equal(0, sizes.Get & (sizes.Get - 1));
            });
}
