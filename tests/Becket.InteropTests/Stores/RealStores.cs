using Amazon.S3.Transfer;
using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

[assembly: AssemblyFixture(typeof(RealStores))]

namespace Becket.InteropTests.Stores;

/// <summary>
/// The stores that all tests share, and one disk image that is in each of them. Each is started when a test first asks for it,
/// and stopped after the last test.
/// </summary>
public sealed class RealStores : IAsyncDisposable
{
    public const string Bucket = "images";
    public const string DiskKey = "disk.img";

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<Task<DevS3>> _devS3;
    private readonly Lazy<Task<RadosGateway>> _radosGateway;
    private readonly Lazy<Task<string>> _disk;
    private readonly Lazy<Task<Source>> _diskInDevS3;
    private readonly Lazy<Task<Source>> _diskInRadosGateway;

    public RealStores()
    {
        // No test's token: what one test started, the others go on using.
        _devS3 = new(() => DevS3.StartAsync(CancellationToken.None));
        _radosGateway = new(() => RadosGateway.StartAsync(CancellationToken.None));
        _disk = new(MakeDiskAsync);
        _diskInDevS3 = new(PutIntoDevS3Async);
        _diskInRadosGateway = new(PutIntoRadosGatewayAsync);
    }

    public Task<DevS3> GetDevS3Async() => _devS3.Value;

    public Task<RadosGateway> GetRadosGatewayAsync() => _radosGateway.Value;

    /// <summary>The path of the image: 48 MiB of random data and holes, a whole number of 4 KiB blocks. Nobody changes it.</summary>
    public Task<string> GetDiskAsync() => _disk.Value;

    /// <summary>The image in one of the places.</summary>
    public async Task<Source> GetDiskInAsync(Place place) => place switch
    {
        Place.File => Source.File(await GetDiskAsync()),
        Place.DevS3 => await _diskInDevS3.Value,
        Place.RadosGateway => await _diskInRadosGateway.Value,
        _ => throw new ArgumentOutOfRangeException(nameof(place)),
    };

    public async ValueTask DisposeAsync()
    {
        if (Started(_devS3) is { } devS3)
            await devS3.DisposeAsync();
        if (Started(_radosGateway) is { } radosGateway)
            await radosGateway.DisposeAsync();
        _folder.Dispose();
    }

    private static T? Started<T>(Lazy<Task<T>> service) where T : class =>
        service is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? service.Value.Result : null;

    private Task<string> MakeDiskAsync()
    {
        var path = _folder[DiskKey];
        DiskImage.WriteRandomWithHoles(path, size: 48 << 20, seed: 1);
        return Task.FromResult(path);
    }

    private async Task<Source> PutIntoDevS3Async()
    {
        var store = await GetDevS3Async();
        File.Copy(await GetDiskAsync(), store.PathOf(Bucket, DiskKey));
        return store.Endpoint.Object(Bucket, DiskKey);
    }

    private async Task<Source> PutIntoRadosGatewayAsync()
    {
        var endpoint = (await GetRadosGatewayAsync()).Endpoint;
        using var client = endpoint.CreateClient();
        await client.PutBucketAsync(Bucket);
        using var transfer = new TransferUtility(client);
        await transfer.UploadAsync(await GetDiskAsync(), Bucket, DiskKey);
        return endpoint.Object(Bucket, DiskKey);
    }
}
