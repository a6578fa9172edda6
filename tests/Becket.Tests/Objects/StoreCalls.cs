using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>The calls of a store as most tests make them: to the end, or to the failure that is expected, with the test's token.</summary>
internal static class StoreCalls
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Looks up an object that must be there.</summary>
    public static async Task<ObjectInfo> FindAsync(this IObjectStore store, string key) =>
        await store.HeadAsync(key, null, Cancelled) ?? throw new InvalidOperationException("not found");

    /// <summary>Reads a range, and whatever else its body holds.</summary>
    public static async Task<byte[]> ReadAsync(this IObjectStore store, ObjectPin pin, ObjectRange range)
    {
        await using var body = await store.OpenReadAsync(pin, range, Cancelled);
        return await body.ReadToEndAsync();
    }

    /// <summary>What is left of a body, which stays open.</summary>
    public static async Task<byte[]> ReadToEndAsync(this Stream body)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, Cancelled);
        return bytes.ToArray();
    }

    /// <summary>The failure of a call, which must be of this kind.</summary>
    public static async Task<ObjectStoreException> FailsAsync(ObjectStoreError error, Func<Task> call)
    {
        var e = await Assert.ThrowsAsync<ObjectStoreException>(call);
        Assert.Equal(error, e.Error);
        return e;
    }
}
