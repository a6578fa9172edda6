using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// Recorded clients against the real planner and queue, in simulated time. The figures are those of the simulator that
/// the rules were found with; whoever changes a rule sees here what it costs.
/// </summary>
public class ReplayTests
{
    private const double Tolerance = 1.02;

    [Theory]
    [InlineData("ext4-fuse-findcat", 5, 2.89, 579.7)]
    [InlineData("ext4-fuse-findcat", 25, 4.12, 579.7)]
    [InlineData("ext4-fuse-findcat", 100, 9.37, 579.7)]
    [InlineData("ext4k-fuse-findcat", 5, 1.78, 400.7)]
    [InlineData("ext4k-fuse-findcat", 25, 2.59, 400.7)]
    [InlineData("ext4k-fuse-findcat", 100, 6.19, 400.7)]
    [InlineData("xfs-fuse-findcat", 5, 0.96, 445.6)]
    [InlineData("xfs-fuse-findcat", 25, 1.83, 445.6)]
    [InlineData("xfs-fuse-findcat", 100, 5.81, 445.6)]
    [InlineData("squash-fuse-findcat", 5, 0.47, 197.4)]
    [InlineData("squash-fuse-findcat", 25, 0.93, 197.4)]
    [InlineData("squash-fuse-findcat", 100, 2.80, 197.4)]
    [InlineData("squash-knbd-findcat", 5, 0.75, 197.4)]
    [InlineData("squash-knbd-findcat", 25, 1.21, 197.4)]
    [InlineData("squash-knbd-findcat", 100, 3.08, 197.4)]
    [InlineData("bootk-debian", 5, 4.55, 192.9)]
    [InlineData("bootk-debian", 25, 5.00, 192.9)]
    [InlineData("bootk-debian", 100, 6.72, 192.9)]
    [InlineData("nbdcopy", 5, 0.50, 269.8)]
    [InlineData("nbdcopy", 25, 0.71, 269.8)]
    [InlineData("nbdcopy", 100, 1.67, 269.8)]
    [InlineData("qemuimg", 5, 2.33, 1073.7)]
    [InlineData("qemuimg", 25, 3.57, 1073.7)]
    [InlineData("qemuimg", 100, 8.22, 1073.7)]
    public void A_recorded_client_takes_no_longer_and_fetches_no_more_than_the_simulated_policy(
        string trace, int milliseconds, double seconds, double megabytes)
    {
        var replay = Replay.Fixed(RecordedRead.Load(trace), Replay.Far(milliseconds), FetchPolicy.Default);

        Assert.True(replay.Seconds <= seconds * Tolerance, $"{replay}");
        Assert.True(replay.Megabytes <= megabytes * Tolerance, $"{replay}");
    }

    [Theory]
    [InlineData(5, 2.44, 1434)]
    [InlineData(25, 7.09, 1438)]
    [InlineData(100, 25.7, 1403)]
    public void Random_reads_over_a_large_device_use_up_the_credit_and_then_fetch_pieces(int milliseconds, double seconds, double megabytes)
    {
        var reads = RecordedRead.Random(8000, size: 16L << 30, depth: 32, seed: 4);

        var replay = Replay.Fixed(reads, Replay.Far(milliseconds), FetchPolicy.Default);

        Assert.True(replay.Seconds <= seconds * Tolerance, $"{replay}");
        Assert.True(replay.Megabytes <= megabytes * Tolerance, $"{replay}");
    }

    [Theory]
    [InlineData(5, 0.54)]
    [InlineData(25, 0.94)]
    [InlineData(100, 2.44)]
    public void A_sequential_reader_gets_what_the_line_carries(int milliseconds, double seconds)
    {
        var reads = RecordedRead.Sequential(from: 100 << 20, bytes: 256 << 20, length: 128 << 10);

        var replay = Replay.Fixed(reads, Replay.Far(milliseconds), FetchPolicy.Default);

        Assert.True(replay.Seconds <= seconds * Tolerance, $"{replay}");
        Assert.InRange(replay.Megabytes, 268.4, 268.4 * Tolerance);
    }

    [Theory]
    [InlineData("ext4-fuse-findcat", 5)]
    [InlineData("ext4-fuse-findcat", 25)]
    [InlineData("ext4k-fuse-findcat", 25)]
    [InlineData("xfs-fuse-findcat", 25)]
    [InlineData("squash-fuse-findcat", 25)]
    public void Measuring_a_far_store_changes_little(string trace, int milliseconds)
    {
        var reads = RecordedRead.Load(trace);

        var unmeasured = Replay.Fixed(reads, Replay.Far(milliseconds), FetchPolicy.Default);
        var measured = Replay.Adapting(reads, Replay.Far(milliseconds));

        Assert.InRange(measured.Seconds, 0, unmeasured.Seconds * 1.1);
        Assert.InRange(measured.Megabytes, 0, unmeasured.Megabytes * 1.05);
    }

    [Theory]
    [InlineData("ext4k-fuse-findcat")]
    [InlineData("xfs-fuse-findcat")]
    [InlineData("squash-fuse-findcat")]
    [InlineData("squash-knbd-findcat")]
    public void A_slow_line_is_not_flooded_with_speculation(string trace)
    {
        var reads = RecordedRead.Load(trace);

        var flooded = Replay.Fixed(reads, Replay.Slow(), FetchPolicy.Default);
        var adapting = Replay.Adapting(reads, Replay.Slow());

        Assert.True(adapting.Seconds <= flooded.Seconds / 5, $"{adapting} instead of {flooded}");
        Assert.True(adapting.Megabytes <= flooded.Megabytes / 4, $"{adapting} instead of {flooded}");
    }

    [Theory]
    [InlineData("ext4-fuse-findcat")]
    [InlineData("xfs-fuse-findcat")]
    [InlineData("bootk-debian")]
    public void Measuring_a_near_store_saves_bytes_at_no_loss_of_time(string trace)
    {
        var reads = RecordedRead.Load(trace);

        var unmeasured = Replay.Fixed(reads, Replay.Near(), FetchPolicy.Default);
        var measured = Replay.Adapting(reads, Replay.Near());

        Assert.True(measured.Seconds <= unmeasured.Seconds * 1.05, $"{measured} instead of {unmeasured}");
        Assert.True(measured.Megabytes <= unmeasured.Megabytes, $"{measured} instead of {unmeasured}");
    }

    [Theory]
    [InlineData("nbdcopy")]
    [InlineData("qemuimg")]
    public void Copying_over_a_slow_line_takes_no_longer_for_being_measured(string trace)
    {
        var reads = RecordedRead.Load(trace);

        var unmeasured = Replay.Fixed(reads, Replay.Slow(), FetchPolicy.Default);
        var measured = Replay.Adapting(reads, Replay.Slow());

        Assert.InRange(measured.Seconds, 0, unmeasured.Seconds * 1.05);
    }

    [Theory]
    [InlineData("ext4k-fuse-findcat")]
    [InlineData("xfs-fuse-findcat")]
    [InlineData("squash-fuse-findcat")]
    public void A_thrifty_policy_fetches_less_than_half_of_the_bytes(string trace)
    {
        var reads = RecordedRead.Load(trace);

        var lavish = Replay.Fixed(reads, Replay.Far(25), FetchPolicy.Default);
        var thrifty = Replay.Fixed(reads, Replay.Far(25), FetchPolicy.Thrifty);

        Assert.True(thrifty.Megabytes <= lavish.Megabytes / 2, $"{thrifty} instead of {lavish}");
        Assert.True(thrifty.Seconds <= lavish.Seconds * 2.1, $"{thrifty} instead of {lavish}");
    }
}
