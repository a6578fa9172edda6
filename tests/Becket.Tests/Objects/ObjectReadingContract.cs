using System.Buffers;
using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>
/// What every store promises a reader, of objects that the test puts. A store's own test class inherits
/// <see cref="ObjectStoreContract"/>, which inherits this.
/// </summary>
public abstract class ObjectReadingContract : IAsyncLifetime
{
    private IObjectStore? _store;

    /// <summary>Null, or why the store keeps no versions.</summary>
    protected virtual string? NoVersions => "this store keeps no versions";

    protected IObjectStore Store => _store ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A new, empty store; disposed by this class.</summary>
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

    protected static void SkipIf(string? reason) => Assert.SkipWhen(reason is not null, reason ?? "");

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
        var bytes = await Store.ReadAsync(pin, new ObjectRange(offset, length));
        Assert.Equal(length, bytes.Length);
        return bytes;
    }
}
