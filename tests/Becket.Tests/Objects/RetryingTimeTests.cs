using Becket.Objects;
using static Becket.Tests.Objects.FailingDisk;

namespace Becket.Tests.Objects;

/// <summary>Stalls, pauses and the deadline of the whole request, on a clock that the test turns; and callers who do not wait.</summary>
public sealed class RetryingTimeTests : IDisposable
{
    private readonly FailingDisk _disk = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task A_stalled_attempt_is_abandoned_and_tried_again()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Stall, null);
        var stalled = faulty.Stalled.Task;
        var reading = store.ReadAsync(pin, new ObjectRange(0, 100));
        await stalled;
        Assert.False(reading.IsCompleted);
        _disk.Time.Advance(Quick.StallTimeout);
        Assert.Equal(_disk.Bytes[..100], await reading);
        Assert.Equal(2, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_stalled_body_is_abandoned_and_resumed()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.StallBody(60));
        var stalled = faulty.Stalled.Task;
        var reading = store.ReadAsync(pin, new ObjectRange(0, 100));
        await stalled;
        _disk.Time.Advance(Quick.StallTimeout);
        Assert.Equal(_disk.Bytes[..100], await reading);
        Assert.Equal(new ObjectRange(60, 40), faulty.Calls.Last().Range);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task One_deadline_covers_the_opening_and_the_whole_body()
    {
        var policy = Quick with { Deadline = TimeSpan.FromSeconds(20), StallTimeout = TimeSpan.FromSeconds(8) };
        var (store, faulty, pin) = await _disk.OpenAsync(
            policy, Fault.Stall, Fault.StallBody(10), Fault.StallBody(10), Fault.StallBody(10));
        var stalled = faulty.Stalled.Task;
        var reading = store.ReadAsync(pin, new ObjectRange(0, 100));
        foreach (var seconds in new[] { 8, 8, 4 }) // the last attempt gets only what is left
        {
            await stalled;
            stalled = faulty.Stalled.Task;
            Assert.False(reading.IsCompleted);
            _disk.Time.Advance(TimeSpan.FromSeconds(seconds));
        }
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => reading);
        Assert.Contains("gave up after 3 attempts in 20.0 s", e.Message);
        Assert.True(e.IsTransient);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task The_pause_that_the_store_asks_for_is_kept()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Refuse(retryAfter: TimeSpan.FromSeconds(3)));
        var reading = store.ReadAsync(pin, new ObjectRange(0, 100));
        _disk.Time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Single(faulty.Calls);
        _disk.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(_disk.Bytes[..100], await reading);
        Assert.Equal(2, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_pause_that_would_miss_the_deadline_ends_the_request_at_once()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Refuse(retryAfter: TimeSpan.FromMinutes(1)));
        await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Single(faulty.Calls);
    }

    [Fact]
    public async Task A_doubt_that_the_deadline_leaves_no_time_for_ends_the_request_at_once()
    {
        var policy = Quick with { FirstDoubtPause = TimeSpan.FromSeconds(60) };
        var (store, faulty, pin) = await _disk.OpenAsync(policy, Fault.Doubt(ObjectStoreError.Changed));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Equal("fault: Changed, perhaps", e.Message);
        Assert.Single(faulty.Calls);
    }

    [Fact]
    public async Task A_cancellation_ends_a_pause_at_once()
    {
        using var source = new CancellationTokenSource();
        var (store, _, pin) = await _disk.OpenAsync(new RetryPolicy(), Fault.Refuse(retryAfter: TimeSpan.FromSeconds(5)));
        var opening = store.OpenReadAsync(pin, new ObjectRange(0, 1), source.Token).AsTask();
        Assert.False(opening.IsCompleted);
        await source.CancelAsync();
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.Equal(source.Token, e.CancellationToken);
    }

    [Fact]
    public async Task A_cancellation_ends_a_stalled_attempt_at_once_and_leaks_no_body()
    {
        using var source = new CancellationTokenSource();
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.StallBody(10));
        var stalled = faulty.Stalled.Task;
        var body = await store.OpenReadAsync(pin, new ObjectRange(0, 100), Cancelled);
        var reading = body.ReadExactlyAsync(new byte[100], source.Token).AsTask();
        await stalled;
        await source.CancelAsync();
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(source.Token, e.CancellationToken);
        Assert.Equal(0, faulty.OpenBodies);
        await body.DisposeAsync();
    }
}
