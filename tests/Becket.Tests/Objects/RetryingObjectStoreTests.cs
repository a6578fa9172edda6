using System.Buffers;
using Becket.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects;

public sealed class RetryingObjectStoreTests : IDisposable
{
    private static readonly RetryPolicy Quick = new()
    {
        FirstPause = TimeSpan.Zero,
        LongestPause = TimeSpan.Zero,
        FirstDoubtPause = TimeSpan.Zero,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly byte[] _bytes = new byte[100_000];

    public RetryingObjectStoreTests() => new Random(1).NextBytes(_bytes);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_fails_for_a_moment_succeeds()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Refuse(), Fault.Refuse());
        Assert.Equal(_bytes[10..30], await ReadAsync(store, pin, new ObjectRange(10, 20)));
        Assert.Equal(3, faulty.Calls.Count);
    }

    [Theory]
    [InlineData(ObjectStoreError.NotFound)]
    [InlineData(ObjectStoreError.AccessDenied)]
    [InlineData(ObjectStoreError.Changed)]
    [InlineData(ObjectStoreError.BadAnswer)]
    public async Task What_will_not_get_better_is_not_tried_again(ObjectStoreError error)
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Refuse(error));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 1)));
        Assert.Equal(error, e.Error);
        Assert.Single(faulty.Calls);
    }

    [Theory]
    [InlineData(ObjectStoreError.BadAnswer)]
    [InlineData(ObjectStoreError.Changed)]
    public async Task An_answer_that_cannot_be_right_is_asked_for_again(ObjectStoreError error)
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Doubt(error), Fault.Doubt(error), Fault.Doubt(error));
        Assert.Equal(_bytes[10..30], await ReadAsync(store, pin, new ObjectRange(10, 20)));
        Assert.Equal(4, faulty.Calls.Count);
    }

    [Fact]
    public async Task An_answer_that_stays_wrong_is_the_end_in_its_own_words()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, [.. Enumerable.Repeat(Fault.Doubt(), 9)]);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 1)));
        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
        Assert.Equal("fault: BadAnswer, perhaps", e.Message);
        Assert.False(e.IsTransient);
        Assert.Equal(1 + Quick.MaximumDoubts, faulty.Calls.Count);
    }

    [Fact]
    public async Task Doubts_are_counted_for_themselves_and_for_the_whole_body()
    {
        var (store, faulty, pin) = await OpenAsync(
            Quick,
            Fault.Doubt(), Fault.Refuse(), Fault.Cut(1000),
            Fault.Doubt(), Fault.Refuse(), Fault.Cut(1000),
            Fault.Doubt(), Fault.Cut(1000),
            Fault.Doubt());
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 5000)));
        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
        Assert.Equal(9, faulty.Calls.Count);
        Assert.Equal(new ObjectRange(3000, 2000), faulty.Calls.Last().Range);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task Only_reads_are_doubted_since_somebody_waits_for_a_lookup()
    {
        var (store, faulty, _) = await OpenAsync(Quick, Fault.Doubt(), Fault.Doubt(), Fault.Doubt());
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.HeadAsync("disk.img", null, Cancelled));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.DeleteAsync("disk.img", Cancelled));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.ListAsync("", Cancelled).ToListAsync(Cancelled));
        Assert.Equal(["HEAD", "DELETE", "LIST"], faulty.Calls.Select(call => call.Verb), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_doubt_that_the_deadline_leaves_no_time_for_ends_the_request_at_once()
    {
        var policy = Quick with { FirstDoubtPause = TimeSpan.FromSeconds(60) };
        var (store, faulty, pin) = await OpenAsync(policy, Fault.Doubt(ObjectStoreError.Changed));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 1)));
        Assert.Equal("fault: Changed, perhaps", e.Message);
        Assert.Single(faulty.Calls);
    }

    [Fact]
    public async Task A_body_that_breaks_is_resumed_from_the_byte_it_reached()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Break(1000), Fault.Cut(0), Fault.Cut(500));
        Assert.Equal(_bytes[10..5010], await ReadAsync(store, pin, new ObjectRange(10, 5000)));
        Assert.Equal(
            [new ObjectRange(10, 5000), new ObjectRange(1010, 4000), new ObjectRange(1010, 4000), new ObjectRange(1510, 3500)],
            faulty.Calls.Select(call => call.Range!.Value));
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_body_is_not_resumed_from_an_object_that_was_replaced()
    {
        var folder = new FolderObjectStore(_folder.Path);
        var etag = await folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Scripted(folder, Fault.Break(1000));
        await using var store = Retrying(faulty, Quick);
        await using var body = await store.OpenReadAsync(new ObjectPin("disk.img", etag, null), new ObjectRange(0, 5000), Cancelled);
        await folder.PutAsync("disk.img", new ReadOnlySequence<byte>(new byte[100_000]), PutCondition.Always, Cancelled);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => body.ReadExactlyAsync(new byte[5000], Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.Changed, e.Error);
    }

    [Fact]
    public async Task The_attempts_are_limited_and_the_last_reason_is_told()
    {
        var (store, faulty, pin) = await OpenAsync(
            Quick with { MaximumAttempts = 3 }, Fault.Refuse(), Fault.Refuse(), Fault.Refuse(), Fault.Refuse());
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 1)));
        Assert.Equal(3, faulty.Calls.Count);
        Assert.True(e.IsTransient);
        Assert.Contains("gave up after 3 attempts", e.Message);
        Assert.Contains("fault: Unavailable", e.Message);
    }

    [Fact]
    public async Task Attempts_of_one_body_count_together()
    {
        var (store, faulty, pin) = await OpenAsync(
            Quick with { MaximumAttempts = 3 }, Fault.Cut(1), Fault.Cut(1), Fault.Cut(1), Fault.Cut(1));
        await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 10)));
        Assert.Equal(3, faulty.Calls.Count);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_stalled_attempt_is_abandoned_and_tried_again()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Stall, null);
        var stalled = faulty.Stalled.Task;
        var reading = ReadAsync(store, pin, new ObjectRange(0, 100));
        await stalled;
        Assert.False(reading.IsCompleted);
        _time.Advance(Quick.StallTimeout);
        Assert.Equal(_bytes[..100], await reading);
        Assert.Equal(2, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_stalled_body_is_abandoned_and_resumed()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.StallBody(60));
        var stalled = faulty.Stalled.Task;
        var reading = ReadAsync(store, pin, new ObjectRange(0, 100));
        await stalled;
        _time.Advance(Quick.StallTimeout);
        Assert.Equal(_bytes[..100], await reading);
        Assert.Equal(new ObjectRange(60, 40), faulty.Calls.Last().Range);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task One_deadline_covers_the_opening_and_the_whole_body()
    {
        var policy = Quick with { Deadline = TimeSpan.FromSeconds(20), StallTimeout = TimeSpan.FromSeconds(8) };
        var (store, faulty, pin) = await OpenAsync(policy, Fault.Stall, Fault.StallBody(10), Fault.StallBody(10), Fault.StallBody(10));
        var stalled = faulty.Stalled.Task;
        var reading = ReadAsync(store, pin, new ObjectRange(0, 100));
        foreach (var seconds in new[] { 8, 8, 4 }) // the last attempt gets only what is left
        {
            await stalled;
            stalled = faulty.Stalled.Task;
            Assert.False(reading.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => reading);
        Assert.Contains("gave up after 3 attempts in 20.0 s", e.Message);
        Assert.True(e.IsTransient);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task The_pause_that_the_store_asks_for_is_kept()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Refuse(retryAfter: TimeSpan.FromSeconds(3)));
        var reading = ReadAsync(store, pin, new ObjectRange(0, 100));
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Single(faulty.Calls);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(_bytes[..100], await reading);
        Assert.Equal(2, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_pause_that_would_miss_the_deadline_ends_the_request_at_once()
    {
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.Refuse(retryAfter: TimeSpan.FromMinutes(1)));
        await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin, new ObjectRange(0, 1)));
        Assert.Single(faulty.Calls);
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
    public async Task A_cancellation_ends_a_pause_at_once()
    {
        using var source = new CancellationTokenSource();
        var (store, _, pin) = await OpenAsync(new RetryPolicy(), Fault.Refuse(retryAfter: TimeSpan.FromSeconds(5)));
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
        var (store, faulty, pin) = await OpenAsync(Quick, Fault.StallBody(10));
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

    [Fact]
    public async Task A_put_whose_answer_was_lost_finds_its_own_object()
    {
        var faulty = FaultyObjectStore.Scripted(new FolderObjectStore(_folder.Path), Fault.LoseAnswer);
        await using var store = Retrying(faulty, Quick);
        var etag = await store.PutAsync("new", new ReadOnlySequence<byte>(_bytes), PutCondition.Absent, Cancelled);
        Assert.Equal((await store.HeadAsync("new", null, Cancelled))?.ETag, etag);
        Assert.Equal(["PUT", "PUT", "HEAD", "GET", "HEAD"], faulty.Calls.Select(call => call.Verb), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(99_999)]
    [InlineData(0)]
    public async Task A_put_that_somebody_else_has_won_is_a_conflict(int length)
    {
        var folder = new FolderObjectStore(_folder.Path);
        await folder.PutAsync("new", new ReadOnlySequence<byte>(new byte[length]), PutCondition.Always, Cancelled);
        await using var store = Retrying(FaultyObjectStore.Scripted(folder, Fault.Refuse()), Quick);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(
            () => store.PutAsync("new", new ReadOnlySequence<byte>(_bytes), PutCondition.Absent, Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.PreconditionFailed, e.Error);
    }

    [Fact]
    public async Task A_conflict_at_the_first_attempt_is_one_without_reading_back()
    {
        var folder = new FolderObjectStore(_folder.Path);
        await folder.PutAsync("new", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Scripted(folder);
        await using var store = Retrying(faulty, Quick);
        await Assert.ThrowsAsync<ObjectStoreException>(
            () => store.PutAsync("new", new ReadOnlySequence<byte>(_bytes), PutCondition.Absent, Cancelled).AsTask());
        Assert.Single(faulty.Calls);
    }

    [Fact]
    public async Task A_replacement_whose_answer_was_lost_finds_its_own_object()
    {
        var folder = new FolderObjectStore(_folder.Path);
        var first = await folder.PutAsync("root", new ReadOnlySequence<byte>(new byte[10]), PutCondition.Always, Cancelled);
        await using var store = Retrying(FaultyObjectStore.Scripted(folder, Fault.LoseAnswer), Quick);
        var second = await store.PutAsync("root", new ReadOnlySequence<byte>(_bytes), PutCondition.Matches(first), Cancelled);
        Assert.Equal((await folder.HeadAsync("root", null, Cancelled))?.ETag, second);
    }

    [Fact]
    public async Task A_listing_that_breaks_goes_on_where_it_was()
    {
        var folder = new FolderObjectStore(_folder.Path);
        string[] keys = ["a", "b/c", "b/d", "e"];
        foreach (var key in keys)
            await folder.PutAsync(key, new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        await using var store = Retrying(FaultyObjectStore.Scripted(folder, Fault.Refuse(), Fault.Cut(2), Fault.Cut(3)), Quick);
        Assert.Equal(keys, await store.ListAsync("", Cancelled).Select(info => info.Key).ToListAsync(Cancelled), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Deletes_and_lookups_are_tried_again()
    {
        var (store, faulty, _) = await OpenAsync(Quick, Fault.Refuse(), Fault.LoseAnswer, null, Fault.Refuse());
        await store.DeleteAsync("disk.img", Cancelled);
        Assert.Null(await store.HeadAsync("disk.img", null, Cancelled));
        Assert.Equal(5, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_lookup_gives_up_after_few_attempts_because_somebody_waits_for_it()
    {
        var (store, faulty, _) = await OpenAsync(
            Quick with { HeadAttempts = 3 }, Fault.Refuse(), Fault.Refuse(), Fault.Refuse(), Fault.Refuse());
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.HeadAsync("disk.img", null, Cancelled));
        Assert.Contains("gave up after 3 attempts", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, faulty.Calls.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_reads_through_random_faults_return_every_byte(int seed)
    {
        var folder = new FolderObjectStore(_folder.Path);
        var etag = await folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Seeded(folder, seed, rate: 0.4);
        await using var store = Retrying(faulty, Quick with { MaximumAttempts = 100 });
        var random = new Random(seed);
        for (var i = 0; i < 300; i++)
        {
            var length = 1 + random.Next(20_000);
            var range = new ObjectRange(random.Next(_bytes.Length - length + 1), length);
            Assert.Equal(
                _bytes[(int)range.Offset..(int)(range.Last + 1)], await ReadAsync(store, new ObjectPin("disk.img", etag, null), range));
        }
        Assert.True(faulty.Calls.Count > 400, "there were faults");
        Assert.Equal(0, faulty.OpenBodies);
    }

    private RetryingObjectStore Retrying(IObjectStore inner, RetryPolicy policy) => new(inner, policy, _time, NullLogger.Instance);

    private async Task<(RetryingObjectStore Store, FaultyObjectStore Faulty, ObjectPin Pin)> OpenAsync(
        RetryPolicy policy, params Fault?[] faults)
    {
        var folder = new FolderObjectStore(_folder.Path);
        var etag = await folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Scripted(folder, faults);
        return (Retrying(faulty, policy), faulty, new ObjectPin("disk.img", etag, null));
    }

    private static async Task<byte[]> ReadAsync(RetryingObjectStore store, ObjectPin pin, ObjectRange range)
    {
        await using var body = await store.OpenReadAsync(pin, range, Cancelled);
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, Cancelled);
        return bytes.ToArray();
    }
}
