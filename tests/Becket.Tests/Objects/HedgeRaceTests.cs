using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>Two GETs for one opening: whose answer wins, what becomes of the loser, and which failure is told.</summary>
public sealed class HedgeRaceTests
{
    private static readonly HedgePolicy Policy = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_late_opening_gets_a_second_GET_whose_answer_wins()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        stack.Time.Advance(TrainedStack.Usual * 2 - TimeSpan.FromMilliseconds(1)); // twice the median: not late yet
        Assert.False(stack.Gate.AnyWaiting);
        stack.Time.Advance(TimeSpan.FromMilliseconds(10));

        var second = await stack.Gate.NextAsync(Cancelled);
        Assert.Equal(TrainedStack.Range, second.Range);
        second.Answer();
        await using (var body = await opening)
            Assert.Equal(stack.Bytes[10..1010], await body.ReadToEndAsync());
        Assert.True(first.IsCancelled);
        Assert.False(second.IsCancelled);
        Assert.Equal((1, 1), (stack.Store.Hedges, stack.Store.HedgesWon));
        first.EndCancelled();
    }

    [Fact]
    public async Task The_original_wins_when_it_answers_first()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        first.Answer();
        await using (var body = await opening)
            Assert.Equal(stack.Bytes[10..1010], await body.ReadToEndAsync());
        Assert.True(second.IsCancelled);
        Assert.False(first.IsCancelled);
        Assert.Equal((1, 0), (stack.Store.Hedges, stack.Store.HedgesWon));
        second.EndCancelled();
    }

    [Fact]
    public async Task A_losers_body_that_comes_all_the_same_is_disposed()
    {
        var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        second.Answer();
        await using (await opening)
        {
            Assert.Equal(1, stack.Faulty.OpenBodies);
            first.Answer();
            await stack.DisposeAsync(); // waits for the loser
            Assert.Equal(1, stack.Faulty.OpenBodies);
        }
        Assert.Equal(0, stack.Faulty.OpenBodies);
        Assert.Equal(Policy.FirstSamples + 2, stack.Faulty.Calls.Count);
    }

    [Fact]
    public async Task Disposing_waits_for_the_loser()
    {
        var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        second.Answer();
        await (await opening).DisposeAsync();
        var disposing = stack.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        first.EndCancelled();
        await disposing;
    }

    [Fact]
    public async Task A_first_GET_that_fails_waits_for_the_second()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        first.Fail(Failure("first"));
        Assert.False(second.IsCancelled);
        second.Answer();
        await using var body = await opening;
        Assert.Equal(stack.Bytes[10..1010], await body.ReadToEndAsync());
    }

    [Fact]
    public async Task A_second_GET_that_fails_leaves_the_first_alone()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        second.Fail(Failure("second"));
        Assert.False(first.IsCancelled);
        first.Answer();
        await using var body = await opening;
        Assert.Equal(stack.Bytes[10..1010], await body.ReadToEndAsync());
        Assert.Equal(0, stack.Store.HedgesWon);
    }

    [Fact]
    public async Task If_both_fail_the_earlier_failure_is_told()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var (opening, first, second) = await stack.OpenLateAsync();
        second.Fail(Failure("second"));
        first.Fail(Failure("first"));
        Assert.Equal("second", (await Assert.ThrowsAsync<ObjectStoreException>(() => opening)).Message);
    }

    [Fact]
    public async Task A_failure_that_comes_in_time_is_passed_on_without_a_second_GET()
    {
        await using var stack = await TrainedStack.CreateAsync();
        var opening = stack.OpenAsync(Cancelled);
        (await stack.Gate.NextAsync(Cancelled)).Fail(Failure("at once"));
        Assert.Equal("at once", (await Assert.ThrowsAsync<ObjectStoreException>(() => opening)).Message);
        stack.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(stack.Gate.AnyWaiting);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_both()
    {
        await using var stack = await TrainedStack.CreateAsync();
        using var source = new CancellationTokenSource();
        var (opening, first, second) = await stack.OpenLateAsync(source.Token);
        await source.CancelAsync();
        Assert.True(first.IsCancelled && second.IsCancelled);
        first.EndCancelled();
        second.EndCancelled();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    private static ObjectStoreException Failure(string message) => new(ObjectStoreError.Unavailable, message) { IsTransient = true };
}
