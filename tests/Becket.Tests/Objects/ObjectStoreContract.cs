using System.Buffers;
using System.Text;
using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>
/// What every store that can be written promises: puts, deletes and listings, on top of what every reader is promised. A store's
/// tests derive from this class and say what their store cannot do; a promise that does not hold for it is skipped with the reason.
/// </summary>
public abstract class ObjectStoreContract : ObjectReadingContract
{
    /// <summary>Null, or why <see cref="PutCondition.Matches"/> is not to be relied on.</summary>
    protected virtual string? NoConditionalReplace => null;

    /// <summary>Null, or why keys cannot hold every character, or be a prefix of others (<c>a</c> beside <c>a/b</c>).</summary>
    protected virtual string? NoArbitraryKeys => null;

    [Fact]
    public async Task A_body_of_several_segments_is_put_whole()
    {
        var bytes = Bytes(1000);
        await Store.PutAsync("disk.img", Segments(bytes[..1], bytes[1..500], bytes[500..]), PutCondition.Always, Cancelled);
        Assert.Equal(bytes, await ReadAsync((await HeadAsync("disk.img")).Pin, 0, 1000));
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
