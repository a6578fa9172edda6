using System.Buffers;
using Becket.Objects;
using static Becket.Tests.Objects.FailingDisk;

namespace Becket.Tests.Objects;

/// <summary>Puts, deletes, listings and look-ups that are tried again, above all a put that may have been carried out already.</summary>
public sealed class RetryingChangeTests : IDisposable
{
    private readonly FailingDisk _disk = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task A_put_whose_answer_was_lost_finds_its_own_object()
    {
        var faulty = FaultyObjectStore.Scripted(_disk.Folder, Fault.LoseAnswer);
        await using var store = _disk.Retrying(faulty, Quick);
        var etag = await store.PutAsync("new", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Absent, Cancelled);
        Assert.Equal((await store.HeadAsync("new", null, Cancelled))?.ETag, etag);
        Assert.Equal(["PUT", "PUT", "HEAD", "GET", "HEAD"], faulty.Calls.Select(call => call.Verb), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(99_999)]
    [InlineData(0)]
    public async Task A_put_that_somebody_else_has_won_is_a_conflict(int length)
    {
        await _disk.Folder.PutAsync("new", new ReadOnlySequence<byte>(new byte[length]), PutCondition.Always, Cancelled);
        await using var store = _disk.Retrying(FaultyObjectStore.Scripted(_disk.Folder, Fault.Refuse()), Quick);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(
            () => store.PutAsync("new", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Absent, Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.PreconditionFailed, e.Error);
    }

    [Fact]
    public async Task A_conflict_at_the_first_attempt_is_one_without_reading_back()
    {
        await _disk.Folder.PutAsync("new", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Always, Cancelled);
        var faulty = FaultyObjectStore.Scripted(_disk.Folder);
        await using var store = _disk.Retrying(faulty, Quick);
        await Assert.ThrowsAsync<ObjectStoreException>(
            () => store.PutAsync("new", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Absent, Cancelled).AsTask());
        Assert.Single(faulty.Calls);
    }

    [Fact]
    public async Task A_replacement_whose_answer_was_lost_finds_its_own_object()
    {
        var first = await _disk.Folder.PutAsync("root", new ReadOnlySequence<byte>(new byte[10]), PutCondition.Always, Cancelled);
        await using var store = _disk.Retrying(FaultyObjectStore.Scripted(_disk.Folder, Fault.LoseAnswer), Quick);
        var second = await store.PutAsync("root", new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Matches(first), Cancelled);
        Assert.Equal((await _disk.Folder.HeadAsync("root", null, Cancelled))?.ETag, second);
    }

    [Fact]
    public async Task A_listing_that_breaks_goes_on_where_it_was()
    {
        string[] keys = ["a", "b/c", "b/d", "e"];
        foreach (var key in keys)
            await _disk.Folder.PutAsync(key, new ReadOnlySequence<byte>(_disk.Bytes), PutCondition.Always, Cancelled);
        await using var store = _disk.Retrying(FaultyObjectStore.Scripted(_disk.Folder, Fault.Refuse(), Fault.Cut(2), Fault.Cut(3)), Quick);
        Assert.Equal(keys, await store.ListAsync("", Cancelled).Select(info => info.Key).ToListAsync(Cancelled), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Deletes_and_lookups_are_tried_again()
    {
        var (store, faulty, _) = await _disk.OpenAsync(Quick, Fault.Refuse(), Fault.LoseAnswer, null, Fault.Refuse());
        await store.DeleteAsync("disk.img", Cancelled);
        Assert.Null(await store.HeadAsync("disk.img", null, Cancelled));
        Assert.Equal(5, faulty.Calls.Count);
    }

    [Fact]
    public async Task A_lookup_gives_up_after_few_attempts_because_somebody_waits_for_it()
    {
        var (store, faulty, _) = await _disk.OpenAsync(
            Quick with { HeadAttempts = 3 }, Fault.Refuse(), Fault.Refuse(), Fault.Refuse(), Fault.Refuse());
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.HeadAsync("disk.img", null, Cancelled));
        Assert.Contains("gave up after 3 attempts", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, faulty.Calls.Count);
    }
}
