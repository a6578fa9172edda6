using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>How many attempts a deadline has room for, and how long the pauses between them are.</summary>
public class RetryPolicyTests
{
    [Fact]
    public void A_longer_deadline_has_room_for_more_attempts()
    {
        var ordinary = new RetryPolicy();

        Assert.Equal(
            ordinary with { Deadline = TimeSpan.FromSeconds(50), MaximumAttempts = 32 }, RetryPolicy.Within(TimeSpan.FromSeconds(50)));
        Assert.Equal(16 * 24 * 60 * 60 / 25, RetryPolicy.Within(TimeSpan.FromDays(1)).MaximumAttempts);
    }

    [Fact]
    public void Pauses_are_jittered_fully_below_a_bound_that_doubles_up_to_a_cap()
    {
        var policy = new RetryPolicy { Random = new Random(7) };
        foreach (var (attempt, bound) in new[] { (1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 4.0), (1000, 4.0) })
        {
            var pauses = Enumerable.Range(0, 1000).Select(_ => policy.Pause(attempt, retryAfter: null).TotalSeconds).ToList();
            Assert.InRange(pauses.Max(), bound * 0.95, bound);
            Assert.InRange(pauses.Min(), 0, bound * 0.05);
        }
    }

    [Fact]
    public void Pauses_of_doubt_are_spread_over_two_seconds_or_so()
    {
        var policy = new RetryPolicy { Random = new Random(7) };
        foreach (var (doubt, bound) in new[] { (1, 0.4), (2, 0.8), (3, 1.6) })
        {
            var pauses = Enumerable.Range(0, 1000).Select(_ => policy.DoubtPause(doubt).TotalSeconds).ToList();
            Assert.InRange(pauses.Max(), bound * 0.98, bound);
            Assert.InRange(pauses.Min(), bound * 0.75, bound * 0.77);
        }
    }

    [Fact]
    public void A_shorter_one_has_no_fewer_since_time_alone_ends_them()
    {
        var ordinary = new RetryPolicy();

        Assert.Equal(ordinary with { Deadline = TimeSpan.FromSeconds(5) }, RetryPolicy.Within(TimeSpan.FromSeconds(5)));
    }
}
