using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>When an opening is late, and how many second GETs there are for that at most.</summary>
public sealed class HedgeBudgetTests
{
    private static readonly HedgePolicy Policy = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_late_before_enough_openings_are_known()
    {
        await using var stack = await TrainedStack.CreateAsync(Policy.FirstSamples - 1);
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        stack.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(stack.Gate.AnyWaiting);
        first.Answer();
        await (await opening).DisposeAsync();
        Assert.Equal(0, stack.Store.Hedges);
    }

    [Fact]
    public async Task On_a_quick_store_nothing_is_late_before_the_floor()
    {
        await using var stack = await TrainedStack.CreateAsync(latency: TimeSpan.Zero);
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        stack.Time.Advance(Policy.Floor - TimeSpan.FromTicks(1));
        Assert.False(stack.Gate.AnyWaiting);
        stack.Time.Advance(TimeSpan.FromTicks(1));
        (await stack.Gate.NextAsync(Cancelled)).Answer();
        await (await opening).DisposeAsync();
        first.EndCancelled();
    }

    [Fact]
    public async Task Of_ten_thousand_openings_half_of_them_late_three_percent_get_a_second_GET()
    {
        await using var stack = await TrainedStack.CreateAsync(policy: new HedgePolicy { Percentile = 0.4, Medians = 0 });
        for (var i = 0; i < 10_000; i += 2)
        {
            stack.Gate.IsOpen = true;
            await (await stack.OpenAsync(Cancelled)).DisposeAsync();
            stack.Gate.IsOpen = false;
            var opening = stack.OpenAsync(Cancelled);
            var first = await stack.Gate.NextAsync(Cancelled);
            stack.Time.Advance(TrainedStack.Usual * 10);
            first.Answer();
            await (await opening).DisposeAsync();
            if (stack.Gate.AnyWaiting)
                (await stack.Gate.NextAsync(Cancelled)).EndCancelled();
        }
        var openings = 10_000 + Policy.FirstSamples;
        var most = (int)(openings * Policy.Share) + Policy.FirstBurst;
        Assert.InRange(stack.Store.Hedges, most - 1, most);
        Assert.Equal(openings, stack.Faulty.Calls.Count); // the losers never reached the store
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    [Fact]
    public async Task A_store_that_gets_slow_as_a_whole_gets_no_more_than_a_burst_of_second_GETs()
    {
        await using var stack = await TrainedStack.CreateAsync(openings: 1000);
        var openings = new List<Task<Stream>>();
        var waiting = new List<Opening>();
        for (var i = 0; i < 200; i++)
        {
            openings.Add(stack.OpenAsync(Cancelled));
            waiting.Add(await stack.Gate.NextAsync(Cancelled));
        }
        stack.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Policy.Burst, stack.Store.Hedges);
        waiting.ForEach(opening => opening.Answer());
        foreach (var opening in openings)
            await (await opening).DisposeAsync();
        while (stack.Gate.AnyWaiting)
            (await stack.Gate.NextAsync(Cancelled)).EndCancelled();

        // By now the store is known to be slow: the same wait is not late any more.
        var last = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        stack.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(stack.Gate.AnyWaiting);
        first.Answer();
        await (await last).DisposeAsync();
    }
}
