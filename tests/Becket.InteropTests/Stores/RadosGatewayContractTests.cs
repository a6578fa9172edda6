using Becket.Objects;
using Becket.Objects.Http;
using Becket.Objects.S3;
using Becket.Tests.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.InteropTests.Stores;

/// <summary>What every store promises, asked of a real Ceph. Each test has a bucket of its own.</summary>
public sealed class RadosGatewayContractTests(RealStores stores) : ObjectStoreContract
{
    private readonly HttpMessageInvoker _http = HttpTransport.Create(new HttpTransportOptions());

    protected override string NoConditionalReplace => "radosgw 16 refuses every If-Match that is quoted as HTTP wants it";

    protected override async ValueTask<IObjectStore> CreateAsync()
    {
        var endpoint = (await stores.GetRadosGatewayAsync()).Endpoint;
        var bucket = $"contract-{Guid.NewGuid():n}";
        using (var client = endpoint.CreateClient())
            await client.PutBucketAsync(bucket, Cancelled);
        return new S3ObjectStore(
            new S3Options { Bucket = bucket, EndpointUrl = endpoint.Url },
            new FixedCredentials(new S3Credentials(endpoint.AccessKey, endpoint.SecretKey, SessionToken: null)),
            _http, TimeProvider.System, NullLogger.Instance);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _http.Dispose();
    }
}
