using System.Buffers;
using Becket.Objects;
using static Becket.Tests.Objects.FailingDisk;

namespace Becket.Tests.Objects;

/// <summary>Which failures of a read are tried again, how often, and from which byte on.</summary>
public sealed class RetryingReadTests : IDisposable
{
    private readonly FailingDisk _disk = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task What_fails_for_a_moment_succeeds()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Refuse(), Fault.Refuse());
        Assert.Equal(_disk.Bytes[10..30], await store.ReadAsync(pin, new ObjectRange(10, 20)));
        Assert.Equal(3, faulty.Calls.Count);
    }

    [Theory]
    [InlineData(ObjectStoreError.NotFound)]
    [InlineData(ObjectStoreError.AccessDenied)]
    [InlineData(ObjectStoreError.Changed)]
    [InlineData(ObjectStoreError.BadAnswer)]
    public async Task What_will_not_get_better_is_not_tried_again(ObjectStoreError error)
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Refuse(error));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Equal(error, e.Error);
        Assert.Single(faulty.Calls);
    }

    [Theory]
    [InlineData(ObjectStoreError.BadAnswer)]
    [InlineData(ObjectStoreError.Changed)]
    public async Task An_answer_that_cannot_be_right_is_asked_for_again(ObjectStoreError error)
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Doubt(error), Fault.Doubt(error), Fault.Doubt(error));
        Assert.Equal(_disk.Bytes[10..30], await store.ReadAsync(pin, new ObjectRange(10, 20)));
        Assert.Equal(4, faulty.Calls.Count);
    }

    [Fact]
    public async Task An_answer_that_stays_wrong_is_the_end_in_its_own_words()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, [.. Enumerable.Repeat(Fault.Doubt(), 9)]);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
        Assert.Equal("fault: BadAnswer, perhaps", e.Message);
        Assert.False(e.IsTransient);
        Assert.Equal(1 + Quick.MaximumDoubts, faulty.Calls.Count);
    }

    [Fact]
    public async Task Doubts_are_counted_for_themselves_and_for_the_whole_body()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(
            Quick,
            Fault.Doubt(), Fault.Refuse(), Fault.Cut(1000),
            Fault.Doubt(), Fault.Refuse(), Fault.Cut(1000),
            Fault.Doubt(), Fault.Cut(1000),
            Fault.Doubt());
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 5000)));
        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
        Assert.Equal(9, faulty.Calls.Count);
        Assert.Equal(new ObjectRange(3000, 2000), faulty.Calls.Last().Range);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task Only_reads_are_doubted_since_somebody_waits_for_a_lookup()
    {
        var (store, faulty, _) = await _disk.OpenAsync(Quick, Fault.Doubt(), Fault.Doubt(), Fault.Doubt());
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.HeadAsync("disk.img", null, Cancelled));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.DeleteAsync("disk.img", Cancelled));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.ListAsync("", Cancelled).ToListAsync(Cancelled));
        Assert.Equal(["HEAD", "DELETE", "LIST"], faulty.Calls.Select(call => call.Verb), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_body_that_breaks_is_resumed_from_the_byte_it_reached()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(Quick, Fault.Break(1000), Fault.Cut(0), Fault.Cut(500));
        Assert.Equal(_disk.Bytes[10..5010], await store.ReadAsync(pin, new ObjectRange(10, 5000)));
        Assert.Equal(
            [new ObjectRange(10, 5000), new ObjectRange(1010, 4000), new ObjectRange(1010, 4000), new ObjectRange(1510, 3500)],
            faulty.Calls.Select(call => call.Range!.Value));
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_body_is_not_resumed_from_an_object_that_was_replaced()
    {
        var etag = await _disk.Folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Scripted(_disk.Folder, Fault.Break(1000));
        await using var store = _disk.Retrying(faulty, Quick);
        await using var body = await store.OpenReadAsync(new ObjectPin("disk.img", etag, null), new ObjectRange(0, 5000), Cancelled);
        await _disk.Folder.PutAsync("disk.img", new ReadOnlySequence<byte>(new byte[100_000]), PutCondition.Always, Cancelled);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => body.ReadExactlyAsync(new byte[5000], Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.Changed, e.Error);
    }

    [Fact]
    public async Task The_attempts_are_limited_and_the_last_reason_is_told()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(
            Quick with { MaximumAttempts = 3 }, Fault.Refuse(), Fault.Refuse(), Fault.Refuse(), Fault.Refuse());
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Equal(3, faulty.Calls.Count);
        Assert.True(e.IsTransient);
        Assert.Contains("gave up after 3 attempts", e.Message);
        Assert.Contains("fault: Unavailable", e.Message);
    }

    [Fact]
    public async Task Attempts_of_one_body_count_together()
    {
        var (store, faulty, pin) = await _disk.OpenAsync(
            Quick with { MaximumAttempts = 3 }, Fault.Cut(1), Fault.Cut(1), Fault.Cut(1), Fault.Cut(1));
        await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync(pin, new ObjectRange(0, 10)));
        Assert.Equal(3, faulty.Calls.Count);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_reads_through_random_faults_return_every_byte(int seed)
    {
        var etag = await _disk.Folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Seeded(_disk.Folder, seed, rate: 0.4);
        await using var store = _disk.Retrying(faulty, Quick with { MaximumAttempts = 100 });
        var random = new Random(seed);
        for (var i = 0; i < 300; i++)
        {
            var length = 1 + random.Next(20_000);
            var range = new ObjectRange(random.Next(_disk.Bytes.Length - length + 1), length);
            Assert.Equal(
                _disk.Bytes[(int)range.Offset..(int)(range.Last + 1)], await store.ReadAsync(new ObjectPin("disk.img", etag, null), range));
        }
        Assert.True(faulty.Calls.Count > 400, "there were faults");
        Assert.Equal(0, faulty.OpenBodies);
    }
}
