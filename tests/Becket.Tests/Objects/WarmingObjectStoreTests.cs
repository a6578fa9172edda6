using Becket.Objects;

namespace Becket.Tests.Objects;

public sealed class WarmingObjectStoreTests : ObjectStoreContract
{
    private readonly TemporaryFolder _folder = new();

    protected override string NoArbitraryKeys => "a file and a folder cannot have the same name";

    protected override ValueTask<IObjectStore> CreateAsync() =>
        ValueTask.FromResult<IObjectStore>(new WarmingObjectStore(new FolderObjectStore(_folder.Path), connections: 3));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_look_up_is_followed_by_GETs_of_one_byte_that_are_under_way_together_and_delay_nothing()
    {
        await PutAsync("disk.img", Bytes(1000));
        using var arrived = new CountdownEvent(8);
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), call =>
        {
            if (call.Verb != "GET")
                return null;
            arrived.Signal();
            return Fault.Stall;
        });
        await using (var store = new WarmingObjectStore(faulty, connections: 8))
        {
            Assert.Equal(1000, (await store.HeadAsync("disk.img", null, Cancelled))?.Size);
            await Task.Run(() => arrived.Wait(Cancelled), Cancelled); // none of them ends before all have come
        }
        Assert.All(faulty.Calls.Where(call => call.Verb == "GET"), call => Assert.Equal(new ObjectRange(0, 1), call.Range));
    }

    [Fact]
    public async Task It_happens_once()
    {
        await PutAsync("disk.img", Bytes(1000));
        using var all = new CountdownEvent(4);
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), call =>
        {
            if (call.Verb == "GET" && !all.IsSet)
                all.Signal();
            return null;
        });
        await using (var store = new WarmingObjectStore(faulty, connections: 4))
        {
            for (var i = 0; i < 3; i++)
                await store.HeadAsync("disk.img", null, Cancelled);
            await Task.Run(() => all.Wait(Cancelled), Cancelled);
        }
        Assert.Equal(4, faulty.Calls.Count(call => call.Verb == "GET"));
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task Its_failures_are_nobodys_concern()
    {
        var etag = await PutAsync("disk.img", Bytes(1000));
        using var refused = new CountdownEvent(4);
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), call =>
        {
            if (call.Verb != "GET" || refused.IsSet)
                return null;
            refused.Signal();
            return Fault.Refuse(ObjectStoreError.AccessDenied);
        });
        await using var store = new WarmingObjectStore(faulty, connections: 4);
        await store.HeadAsync("disk.img", null, Cancelled);
        await Task.Run(() => refused.Wait(Cancelled), Cancelled);
        await using var body = await store.OpenReadAsync(new ObjectPin("disk.img", etag, null), new ObjectRange(0, 1000), Cancelled);
        var bytes = new byte[1000];
        await body.ReadExactlyAsync(bytes, Cancelled);
        Assert.Equal(Bytes(1000), bytes);
    }

    [Fact]
    public async Task What_is_not_there_or_empty_is_not_read()
    {
        await PutAsync("empty", []);
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), _ => null);
        await using (var store = new WarmingObjectStore(faulty, connections: 4))
        {
            Assert.Null(await store.HeadAsync("nothing", null, Cancelled));
            Assert.Equal(0, (await store.HeadAsync("empty", null, Cancelled))?.Size);
        }
        Assert.DoesNotContain(faulty.Calls, call => call.Verb == "GET");
    }
}
