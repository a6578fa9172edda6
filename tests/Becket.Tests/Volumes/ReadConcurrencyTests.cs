using Becket.Volumes;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Volumes;

public sealed class ReadConcurrencyTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ReadConcurrency _concurrency;

    public ReadConcurrencyTests() => _concurrency = new ReadConcurrency(_time);

    public void Dispose() => _concurrency.Dispose();

    [Fact]
    public async Task Quick_reads_make_room_for_more_up_to_the_connections_there_are()
    {
        for (var i = 0; i < 2 * ReadConcurrency.Most; i++)
            await RoundAsync(reads: 1, ReadConcurrency.Quick / 2);

        Assert.Equal(ReadConcurrency.Most, _concurrency.Limit);
        await CountsTurnsAsync(ReadConcurrency.Most);
    }

    [Fact]
    public async Task Reads_that_are_slow_together_halve_the_room_once()
    {
        await RoundAsync(ReadConcurrency.First, ReadConcurrency.Slow * 2);

        Assert.Equal(ReadConcurrency.First / 2, _concurrency.Limit);
        await CountsTurnsAsync(ReadConcurrency.First / 2);
    }

    [Fact]
    public async Task However_slow_it_gets_one_read_is_always_let_in()
    {
        for (var i = 0; i < 10; i++)
            await RoundAsync(reads: 1, ReadConcurrency.Slow * 2);

        Assert.Equal(1, _concurrency.Limit);
        await CountsTurnsAsync(1);
    }

    [Fact]
    public async Task Reads_that_are_neither_quick_nor_slow_change_nothing()
    {
        for (var i = 0; i < 10; i++)
            await RoundAsync(ReadConcurrency.First, ReadConcurrency.Quick * 2);

        Assert.Equal(ReadConcurrency.First, _concurrency.Limit);
        await CountsTurnsAsync(ReadConcurrency.First);
    }

    [Fact]
    public async Task Turns_are_neither_lost_nor_made_up_by_rounds_of_every_kind()
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
            await RoundAsync(1 + random.Next(_concurrency.Limit), ReadConcurrency.Slow * (2 * random.NextDouble()));

        await CountsTurnsAsync(_concurrency.Limit);
    }

    private async Task RoundAsync(int reads, TimeSpan time)
    {
        var entered = new List<long>();
        for (var i = 0; i < reads; i++)
            entered.Add(await _concurrency.EnterAsync(TestContext.Current.CancellationToken));
        _time.Advance(time);
        foreach (var timestamp in entered)
            _concurrency.Leave(timestamp);
    }

    /// <summary>Exactly so many turns are to be had at once.</summary>
    private async Task CountsTurnsAsync(int turns)
    {
        for (var i = 0; i < turns; i++)
            await _concurrency.EnterAsync(TestContext.Current.CancellationToken);
        using var givingUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var further = _concurrency.EnterAsync(givingUp.Token);
        Assert.False(further.IsCompleted);
        await givingUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await further);
    }
}
