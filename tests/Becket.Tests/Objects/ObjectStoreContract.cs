using System.Buffers;
using System.Text;
using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>
/// What every store that can be written promises. A store's tests derive from this class and say what their store cannot do;
/// a promise that does not hold for it is skipped with the reason.
/// </summary>
public abstract class ObjectStoreContract : IAsyncLifetime
{
    private IObjectStore? _store;

    /// <summary>Null, or why <see cref="PutCondition.Matches"/> is not to be relied on.</summary>
    protected virtual string? NoConditionalReplace => null;

    /// <summary>Null, or why keys cannot hold every character, or be a prefix of others (<c>a</c> beside <c>a/b</c>).</summary>
    protected virtual string? NoArbitraryKeys => null;

    /// <summary>Null, or why the store keeps no versions.</summary>
    protected virtual string? NoVersions => "this store keeps no versions";

    protected IObjectStore Store => _store ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A new, empty store; disposed by the base class.</summary>
    protected abstract ValueTask<IObjectStore> CreateAsync();

    public async ValueTask InitializeAsync() => _store = await CreateAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_store is not null)
            await _store.DisposeAsync();
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_null() => Assert.Null(await Store.HeadAsync("nothing", null, Cancelled));

    [Fact]
    public async Task An_object_is_what_was_put()
    {
        var bytes = Bytes(100_000);
        var etag = await PutAsync("disk.img", bytes);

        var info = await HeadAsync("disk.img");
        Assert.Equal("disk.img", info.Key);
        Assert.Equal(bytes.Length, info.Size);
        Assert.Equal(etag, info.ETag);
        Assert.NotNull(info.LastModified);
        Assert.Equal(bytes, await ReadAsync(info.Pin, 0, bytes.Length));
    }

    [Fact]
    public async Task A_body_of_several_segments_is_put_whole()
    {
        var bytes = Bytes(1000);
        await Store.PutAsync("disk.img", Segments(bytes[..1], bytes[1..500], bytes[500..]), PutCondition.Always, Cancelled);
        Assert.Equal(bytes, await ReadAsync((await HeadAsync("disk.img")).Pin, 0, 1000));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4096)]
    [InlineData(1, 4095)]
    [InlineData(99_999, 1)]
    [InlineData(4095, 70_000)]
    [InlineData(0, 100_000)]
    public async Task A_range_is_exactly_its_bytes(int offset, int length)
    {
        var bytes = Bytes(100_000);
        await PutAsync("disk.img", bytes);
        Assert.Equal(bytes[offset..(offset + length)], await ReadAsync((await HeadAsync("disk.img")).Pin, offset, length));
    }

    [Fact]
    public async Task Many_ranges_are_read_at_once()
    {
        var bytes = Bytes(256 * 1024);
        await PutAsync("disk.img", bytes);
        var pin = (await HeadAsync("disk.img")).Pin;
        var parts = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => ReadAsync(pin, i * 4096, 4096)));
        Assert.Equal(bytes, parts.SelectMany(part => part));
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(990, 11)]
    [InlineData(1_000_000, 10)]
    public async Task A_range_beyond_the_end_is_an_error_and_no_data(int offset, int length)
    {
        await PutAsync("disk.img", Bytes(1000));
        var pin = (await HeadAsync("disk.img")).Pin;
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(pin, offset, length));
        Assert.Contains(e.Error, new[] { ObjectStoreError.Changed, ObjectStoreError.BadAnswer, ObjectStoreError.Invalid });
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task An_empty_object_has_no_bytes()
    {
        await PutAsync("empty", []);
        Assert.Equal(0, (await HeadAsync("empty")).Size);
    }

    [Fact]
    public async Task A_replaced_object_is_not_read_under_the_old_pin()
    {
        await PutAsync("disk.img", Bytes(1000));
        var pin = (await HeadAsync("disk.img")).Pin with { VersionId = null };
        await PutAsync("disk.img", Bytes(1000, seed: 2));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(pin, 0, 10));
        Assert.Equal(ObjectStoreError.Changed, e.Error);
        Assert.Contains("disk.img", e.Message);
    }

    [Fact]
    public async Task A_deleted_object_is_not_read()
    {
        await PutAsync("disk.img", Bytes(1000));
        var pin = (await HeadAsync("disk.img")).Pin with { VersionId = null };
        await Store.DeleteAsync("disk.img", Cancelled);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(pin, 0, 10));
        Assert.Contains(e.Error, new[] { ObjectStoreError.NotFound, ObjectStoreError.Changed });
        Assert.Contains("disk.img", e.Message);
        Assert.Null(await Store.HeadAsync("disk.img", null, Cancelled));
    }

    [Fact]
    public async Task A_version_is_read_after_it_was_replaced()
    {
        SkipIf(NoVersions);
        var bytes = Bytes(1000);
        await PutAsync("disk.img", bytes);
        var old = await HeadAsync("disk.img");
        await PutAsync("disk.img", Bytes(500, seed: 2));
        Assert.NotNull(old.VersionId);
        Assert.Equal(1000, (await Store.HeadAsync("disk.img", old.VersionId, Cancelled))?.Size);
        Assert.Equal(bytes, await ReadAsync(old.Pin, 0, 1000));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_is_no_error() => await Store.DeleteAsync("nothing", Cancelled);

    [Fact]
    public async Task Put_if_absent_keeps_the_object_that_is_there()
    {
        await PutAsync("disk.img", Bytes(10), PutCondition.Absent);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => PutAsync("disk.img", Bytes(10, seed: 2), PutCondition.Absent));
        Assert.Equal(ObjectStoreError.PreconditionFailed, e.Error);
        Assert.Equal(Bytes(10), await ReadAsync((await HeadAsync("disk.img")).Pin, 0, 10));
    }

    [Fact]
    public async Task Of_many_puts_if_absent_exactly_one_wins()
    {
        var winners = new List<int>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await PutAsync("race", Bytes(5000, seed: i), PutCondition.Absent);
                lock (winners)
                    winners.Add(i);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.PreconditionFailed)
            {
                // lost
            }
        }));
        var winner = Assert.Single(winners);
        Assert.Equal(Bytes(5000, seed: winner), await ReadAsync((await HeadAsync("race")).Pin, 0, 5000));
    }

    [Fact]
    public async Task Put_if_it_matches_replaces_only_the_object_with_this_ETag()
    {
        SkipIf(NoConditionalReplace);
        var first = await PutAsync("disk.img", Bytes(10));
        var second = await PutAsync("disk.img", Bytes(11, seed: 2), PutCondition.Matches(first));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => PutAsync("disk.img", Bytes(12, seed: 3), PutCondition.Matches(first)));
        Assert.Equal(ObjectStoreError.PreconditionFailed, e.Error);
        var info = await HeadAsync("disk.img");
        Assert.Equal((second, 11L), (info.ETag, info.Size));
    }

    [Fact]
    public async Task Of_many_puts_over_the_same_ETag_exactly_one_wins()
    {
        SkipIf(NoConditionalReplace);
        var first = await PutAsync("race", Bytes(10));
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 8).Select(async i =>
        {
            try
            {
                await PutAsync("race", Bytes(10 + i, seed: i), PutCondition.Matches(first));
                return true;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.PreconditionFailed)
            {
                return false;
            }
        }));
        Assert.Single(outcomes, won => won);
    }

    [Fact]
    public async Task A_listing_has_the_prefix_and_the_order_of_the_keys_bytes()
    {
        string[] keys = ["a-b", "a.img", "a/b", "a/c/d", "a0", "b/\uFF5E", "b/\U0001F600", "B"];
        foreach (var key in keys)
            await PutAsync(key, Bytes(key.Length));

        var sorted = keys.OrderBy(key => Convert.ToHexString(Encoding.UTF8.GetBytes(key)), StringComparer.Ordinal).ToArray();
        Assert.Equal(sorted, await ListAsync(""), StringComparer.Ordinal);
        Assert.Equal(["a-b", "a.img", "a/b", "a/c/d", "a0"], await ListAsync("a"), StringComparer.Ordinal);
        Assert.Equal(["a/b", "a/c/d"], await ListAsync("a/"), StringComparer.Ordinal);
        Assert.Equal(["a/c/d"], await ListAsync("a/c"), StringComparer.Ordinal);
        Assert.Empty(await ListAsync("nothing"));
    }

    [Fact]
    public async Task A_listing_tells_size_and_ETag()
    {
        var etag = await PutAsync("disk.img", Bytes(1234));
        var info = await Store.ListAsync("", Cancelled).SingleAsync(Cancelled);
        Assert.Equal(("disk.img", 1234L, etag), (info.Key, info.Size, info.ETag));
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("plus+and&and=and%25")]
    [InlineData("Grüße/日本語.img")]
    [InlineData("a?b#c;d,e'f(g)!*~")]
    public async Task Every_character_may_be_in_a_key(string key)
    {
        await PutAsync(key, Bytes(10));
        var info = await HeadAsync(key);
        Assert.Equal(Bytes(10), await ReadAsync(info.Pin, 0, 10));
        Assert.Equal([key], await ListAsync(""), StringComparer.Ordinal);
        await Store.DeleteAsync(key, Cancelled);
        Assert.Empty(await ListAsync(""));
    }

    [Fact]
    public async Task A_key_may_be_the_prefix_of_another()
    {
        SkipIf(NoArbitraryKeys);
        await PutAsync("a", Bytes(1));
        await PutAsync("a/b", Bytes(2));
        Assert.Equal(["a", "a/b"], await ListAsync(""), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_call_ends()
    {
        await PutAsync("disk.img", Bytes(1000));
        var pin = (await HeadAsync("disk.img")).Pin;
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await using var body = await Store.OpenReadAsync(pin, new ObjectRange(0, 10), source.Token);
            await body.ReadExactlyAsync(new byte[10], source.Token);
        });
    }

    private static void SkipIf(string? reason) => Assert.SkipWhen(reason is not null, reason ?? "");

    /// <summary>The same bytes for the same seed.</summary>
    protected static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected async Task<string> PutAsync(string key, byte[] bytes, PutCondition condition = default) =>
        await Store.PutAsync(key, new ReadOnlySequence<byte>(bytes), condition, Cancelled);

    protected async Task<ObjectInfo> HeadAsync(string key)
    {
        var info = await Store.HeadAsync(key, null, Cancelled);
        Assert.NotNull(info);
        return info;
    }

    /// <summary>Reads a range and makes sure that the stream ends with it.</summary>
    protected async Task<byte[]> ReadAsync(ObjectPin pin, long offset, int length)
    {
        await using var body = await Store.OpenReadAsync(pin, new ObjectRange(offset, length), Cancelled);
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, Cancelled);
        Assert.Equal(length, bytes.Length);
        return bytes.ToArray();
    }

    private async Task<List<string>> ListAsync(string prefix) =>
        await Store.ListAsync(prefix, Cancelled).Select(info => info.Key).ToListAsync(Cancelled);

    private static ReadOnlySequence<byte> Segments(params byte[][] parts)
    {
        var first = new Segment(parts[0], 0);
        var last = first;
        foreach (var part in parts[1..])
            last = last.Append(part);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long index) => (Memory, RunningIndex) = (bytes, index);

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
