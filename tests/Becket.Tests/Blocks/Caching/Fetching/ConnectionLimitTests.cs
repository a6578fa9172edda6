using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

public sealed class ConnectionLimitTests
{
    private readonly ConnectionLimit _limit = new(32);

    [Fact]
    public void Quick_requests_make_room_for_more_up_to_the_most()
    {
        for (var i = 0; i < 100; i++)
            _limit.Learn(ConnectionLimit.Quick / 2, succeeded: true);
        Assert.Equal(32, _limit.Current);
    }

    [Fact]
    public void Requests_that_are_slow_together_halve_the_room_once()
    {
        for (var i = 0; i < ConnectionLimit.First; i++)
            _limit.Learn(ConnectionLimit.Slow * 2, succeeded: true);
        Assert.Equal(ConnectionLimit.First / 2, _limit.Current);
    }

    [Fact]
    public void However_slow_it_gets_one_request_may_always_run()
    {
        for (var i = 0; i < 1000; i++)
            _limit.Learn(ConnectionLimit.Slow * 2, succeeded: false);
        Assert.Equal(1, _limit.Current);
    }

    [Fact]
    public void Requests_that_are_neither_quick_nor_slow_or_that_fail_at_once_change_nothing()
    {
        for (var i = 0; i < 10; i++)
        {
            _limit.Learn(ConnectionLimit.Quick * 2, succeeded: true);
            _limit.Learn(TimeSpan.Zero, succeeded: false);
        }
        Assert.Equal(ConnectionLimit.First, _limit.Current);
    }

    [Fact]
    public void Fewer_connections_than_the_first_guess_are_respected() => Assert.Equal(3, new ConnectionLimit(3).Current);
}
