using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Store = Becket.InteropTests.Stores.DevS3;

namespace Becket.InteropTests.Status;

/// <summary>A test class with a store of its own, which it may stop, and a server over it that tells how it is.</summary>
public abstract class StatusTest(RealStores stores) : InteropTest(stores)
{
    protected const int Size = 24 << 20;

    protected HttpClient Http { get; } = new();

    /// <summary>A store with one object, of random bytes alone so that nothing of it is a hole.</summary>
    protected async Task<(Store Store, Source Source)> StartStoreAsync(params IEnumerable<string> options)
    {
        var store = await Store.StartAsync(Token, options);
        var content = new byte[Size];
        new Random(3).NextBytes(content);
        await File.WriteAllBytesAsync(store.PathOf("images", "disk.img"), content, Token);
        return (store, store.Endpoint.Object("images", "disk.img"));
    }

    /// <summary>Where a server says that its status is.</summary>
    protected Task<string> StatusOfAsync(BecketServer server) => server.Errors.WaitForLineAsync("becket: status at ", Token);

    /// <summary>Reads everything, zeroes too.</summary>
    protected static Command CopyAll(BecketServer server) => new("nbdcopy", "--no-extents", server.Uri, "null:");
}
