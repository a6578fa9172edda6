using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

public class PaceEstimatorTests
{
    private static readonly TimeSpan Way = TimeSpan.FromMilliseconds(25);
    private readonly PaceEstimator _estimator = new();
    private TimeSpan _now;

    [Fact]
    public void A_fast_line_is_assumed_before_enough_was_seen()
    {
        Assert.Null(_estimator.Pace);

        Run(bodies: PaceEstimator.Busy, bytesPerSecond: 100e6, seconds: 0.2);

        Assert.Equal(new StorePace(Way, PaceEstimator.FastLine), _estimator.Pace);
    }

    [Fact]
    public void Several_bodies_at_once_show_what_the_line_carries()
    {
        Run(bodies: 8, bytesPerSecond: 100e6, seconds: 2);

        Assert.Equal(Way, _estimator.Pace!.Value.FirstByte);
        Assert.InRange(_estimator.Pace.Value.BytesPerSecond, 95e6, 105e6);
    }

    [Fact]
    public void A_client_that_asks_for_little_does_not_make_the_store_look_slow() // 12
    {
        Run(bodies: 8, bytesPerSecond: 100e6, seconds: 2);
        _now += TimeSpan.FromHours(1);
        Run(bodies: 1, bytesPerSecond: 1e6, seconds: 100);
        for (var i = 0; i < 100; i++)
        {
            Run(bodies: 8, bytesPerSecond: 100e6, seconds: 0.02);
            _now += TimeSpan.FromSeconds(1);
        }

        Assert.InRange(_estimator.Pace!.Value.BytesPerSecond, 95e6, 105e6);
    }

    [Fact]
    public void One_body_alone_says_nothing_of_a_line_not_yet_measured() // 12
    {
        for (var i = 0; i < 10; i++)
            Run(bodies: 1, bytesPerSecond: 10e6, seconds: 1);

        Assert.Equal(new StorePace(Way, PaceEstimator.FastLine), _estimator.Pace);
    }

    [Fact]
    public void One_body_alone_that_is_quicker_than_the_line_was_raises_it()
    {
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 2);
        Run(bodies: 1, bytesPerSecond: 50e6, seconds: 1);

        Assert.InRange(_estimator.Pace!.Value.BytesPerSecond, 48e6, 52e6);
    }

    [Fact]
    public void A_line_that_has_become_slow_is_noticed_within_seconds()
    {
        Run(bodies: 8, bytesPerSecond: 100e6, seconds: 2);
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 3);

        Assert.InRange(_estimator.Pace!.Value.BytesPerSecond, 0.5e6, 2e6);
    }

    [Fact]
    public void One_stall_does_not_make_a_line_slow()
    {
        Run(bodies: 8, bytesPerSecond: 100e6, seconds: 2);
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 0.3);

        Assert.InRange(_estimator.Pace!.Value.BytesPerSecond, 95e6, 105e6);
    }

    [Fact]
    public void First_bytes_that_queue_behind_bodies_do_not_make_the_store_look_far() // 12
    {
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 2);
        for (var i = 0; i < PaceEstimator.Busy; i++)
            _estimator.Begin(_now, Way);
        for (var i = 0; i < 100; i++)
            _estimator.Begin(_now, TimeSpan.FromSeconds(3));

        Assert.Equal(Way, _estimator.Pace!.Value.FirstByte);
    }

    [Fact]
    public void A_new_connection_now_and_then_does_not_make_the_store_look_far()
    {
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 2);
        for (var i = 0; i < 100; i++)
        {
            _estimator.Begin(_now, i % 3 == 0 ? 4 * Way : Way);
            _estimator.End(_now);
        }

        Assert.Equal(Way, _estimator.Pace!.Value.FirstByte);
    }

    [Fact]
    public void A_store_that_has_moved_away_is_noticed()
    {
        Run(bodies: 8, bytesPerSecond: 1e6, seconds: 2);
        for (var i = 0; i < 100; i++)
        {
            _estimator.Begin(_now, 4 * Way);
            _estimator.End(_now);
        }

        Assert.Equal(4 * Way, _estimator.Pace!.Value.FirstByte);
    }

    /// <summary>So many bodies at once, which share a rate, for some time.</summary>
    private void Run(int bodies, double bytesPerSecond, double seconds)
    {
        const int Steps = 1000;
        for (var i = 0; i < bodies; i++)
            _estimator.Begin(_now, Way);
        for (var i = 0; i < Steps; i++)
        {
            _now += TimeSpan.FromSeconds(seconds / Steps);
            _estimator.Receive(_now, (long)(bytesPerSecond * seconds / Steps));
        }

        for (var i = 0; i < bodies; i++)
            _estimator.End(_now);
    }
}
