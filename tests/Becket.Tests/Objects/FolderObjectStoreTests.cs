using Becket.Objects;

namespace Becket.Tests.Objects;

public sealed class FolderObjectStoreTests : ObjectStoreContract
{
    private readonly TemporaryFolder _folder = new();

    protected override string NoArbitraryKeys => "a file and a folder cannot have the same name";

    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(new FolderObjectStore(_folder.Path));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData(".becket-put-1")]
    public async Task A_key_that_is_no_plain_path_is_refused(string key)
    {
        foreach (var call in new Func<Task>[]
        {
            () => Store.HeadAsync(key, null, Cancelled).AsTask(),
            () => Store.OpenReadAsync(new ObjectPin(key, null, null), new ObjectRange(0, 1), Cancelled).AsTask(),
            () => PutAsync(key, Bytes(1)),
            () => Store.DeleteAsync(key, Cancelled).AsTask(),
        })
            Assert.Equal(ObjectStoreError.Invalid, (await Assert.ThrowsAsync<ObjectStoreException>(call)).Error);
    }

    [Fact]
    public async Task A_symbolic_link_to_the_outside_is_refused_for_reading_and_writing()
    {
        using var outside = new TemporaryFolder();
        await File.WriteAllTextAsync(outside["secret"], "secret", Cancelled);
        File.CreateSymbolicLink(_folder["link"], outside["secret"]);
        Directory.CreateSymbolicLink(_folder["folder"], outside.Path);

        foreach (var call in new Func<Task>[]
        {
            () => Store.HeadAsync("link", null, Cancelled).AsTask(),
            () => Store.HeadAsync("folder/secret", null, Cancelled).AsTask(),
            () => Store.OpenReadAsync(new ObjectPin("folder/secret", null, null), new ObjectRange(0, 1), Cancelled).AsTask(),
            () => PutAsync("folder/new/file", Bytes(1)),
            () => Store.DeleteAsync("folder/secret", Cancelled).AsTask(),
        })
            Assert.Equal(ObjectStoreError.Invalid, (await Assert.ThrowsAsync<ObjectStoreException>(call)).Error);
        Assert.Equal([outside["secret"]], Directory.GetFileSystemEntries(outside.Path));
        Assert.Empty(await Store.ListAsync("", Cancelled).ToListAsync(Cancelled));
    }

    [Fact]
    public async Task A_symbolic_link_that_stays_inside_is_followed()
    {
        await PutAsync("a/file", Bytes(10));
        File.CreateSymbolicLink(_folder["link"], _folder["a/file"]);
        Assert.Equal(Bytes(10), await ReadAsync((await HeadAsync("link")).Pin, 0, 10));
    }

    [Fact]
    public async Task A_folder_is_no_object()
    {
        await PutAsync("a/b", Bytes(1));
        Assert.Null(await Store.HeadAsync("a", null, Cancelled));
    }

    [Fact]
    public async Task A_file_that_is_changed_in_place_between_two_reads_is_noticed()
    {
        await PutAsync("disk.img", Bytes(100_000));
        var pin = (await HeadAsync("disk.img")).Pin;
        await using var body = await Store.OpenReadAsync(pin, new ObjectRange(0, 100_000), Cancelled);
        await body.ReadExactlyAsync(new byte[1000], Cancelled);
        ChangeInPlace("disk.img");
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => body.ReadExactlyAsync(new byte[1000], Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.Changed, e.Error);
    }

    [Fact]
    public async Task A_file_that_is_cut_while_it_is_read_is_noticed()
    {
        await PutAsync("disk.img", Bytes(100_000));
        await using var body = await Store.OpenReadAsync((await HeadAsync("disk.img")).Pin, new ObjectRange(0, 100_000), Cancelled);
        using (var file = File.OpenWrite(_folder["disk.img"]))
            file.SetLength(0);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => body.ReadExactlyAsync(new byte[1], Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.Changed, e.Error);
    }

    [Fact]
    public async Task A_body_that_is_open_stays_the_old_object_when_the_file_is_replaced()
    {
        await PutAsync("disk.img", Bytes(100_000));
        await using var body = await Store.OpenReadAsync((await HeadAsync("disk.img")).Pin, new ObjectRange(0, 100_000), Cancelled);
        await PutAsync("disk.img", Bytes(100_000, seed: 2));
        var bytes = new byte[100_000];
        await body.ReadExactlyAsync(bytes, Cancelled);
        Assert.Equal(Bytes(100_000), bytes);
    }

    [Fact]
    public async Task Deleting_the_last_object_of_a_folder_removes_the_folder()
    {
        await PutAsync("a/b/c", Bytes(1));
        await PutAsync("a/d", Bytes(1));
        await Store.DeleteAsync("a/b/c", Cancelled);
        Assert.False(Directory.Exists(_folder["a/b"]));
        await Store.DeleteAsync("a/d", Cancelled);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Puts_and_deletes_in_one_folder_do_not_disturb_each_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await PutAsync($"a/b/{worker}", Bytes(10));
                await Store.DeleteAsync($"a/b/{worker}", Cancelled);
            }
        }, Cancelled)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_failed_put_leaves_nothing_behind_and_an_unfinished_one_is_not_listed()
    {
        await PutAsync("a", Bytes(1));
        await Assert.ThrowsAsync<ObjectStoreException>(() => PutAsync("a", Bytes(1), PutCondition.Absent));
        Assert.Equal([_folder["a"]], Directory.GetFileSystemEntries(_folder.Path));

        await File.WriteAllTextAsync(_folder[".becket-put-unfinished"], "x", Cancelled);
        Assert.Equal(["a"], await Store.ListAsync("", Cancelled).Select(info => info.Key).ToListAsync(Cancelled));
    }

    [Fact]
    public async Task A_key_below_a_file_is_refused()
    {
        await PutAsync("a", Bytes(1));
        await Assert.ThrowsAsync<ObjectStoreException>(() => PutAsync("a/b", Bytes(1)));
        Assert.Null(await Store.HeadAsync("a/b", null, Cancelled));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error()
    {
        var e = Assert.Throws<ObjectStoreException>(() => new FolderObjectStore(_folder["nothing"]));
        Assert.Equal(ObjectStoreError.BucketNotFound, e.Error);
    }

    private void ChangeInPlace(string key)
    {
        var before = File.GetLastWriteTimeUtc(_folder[key]);
        using (var file = File.OpenWrite(_folder[key]))
            file.WriteByte(0);
        // The clock of a file system ticks every few milliseconds; the test must not depend on it.
        File.SetLastWriteTimeUtc(_folder[key], before.AddSeconds(1));
    }
}
