using Becket.Objects;

namespace Becket.Tests.Objects;

public class RetryPolicyTests
{
    [Fact]
    public void A_longer_deadline_has_room_for_more_attempts()
    {
        var ordinary = new RetryPolicy();

        Assert.Equal(ordinary with { Deadline = TimeSpan.FromSeconds(50), MaximumAttempts = 32 }, RetryPolicy.Within(TimeSpan.FromSeconds(50)));
        Assert.Equal(16 * 24 * 60 * 60 / 25, RetryPolicy.Within(TimeSpan.FromDays(1)).MaximumAttempts);
    }

    [Fact]
    public void A_shorter_one_has_no_fewer_since_time_alone_ends_them()
    {
        var ordinary = new RetryPolicy();

        Assert.Equal(ordinary with { Deadline = TimeSpan.FromSeconds(5) }, RetryPolicy.Within(TimeSpan.FromSeconds(5)));
    }
}
