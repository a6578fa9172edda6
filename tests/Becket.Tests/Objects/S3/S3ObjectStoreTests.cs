using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Becket.DevS3;
using Becket.Objects;
using Becket.Objects.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StoreFault = Becket.DevS3.FaultKind;

namespace Becket.Tests.Objects.S3;

/// <summary>The store against a server that was written from S3's documents by other hands: it judges our signatures.</summary>
public sealed class S3ObjectStoreTests : ObjectStoreContract
{
    private static readonly S3Credentials Owner = new("BECKETTESTKEY", "a secret / with + signs =", SessionToken: null);

    private readonly TemporaryFolder _folder = new();
    private DevS3Server? _server;

    protected override string NoArbitraryKeys => "the endpoint's objects are files";

    private DevS3Server Server => _server!;

    protected override async ValueTask<IObjectStore> CreateAsync()
    {
        _server = await StartAsync();
        return StoreOf(_server);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_virtual_host_is_signed_as_the_server_sees_it()
    {
        await PutAsync("disk.img", Bytes(10));
        // No DNS knows bucket.localhost.
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = ConnectToServerAsync });
        var endpoint = new UriBuilder(Server.Endpoint) { Host = "localhost" }.Uri;
        var options = new S3Options { Bucket = "bucket", EndpointUrl = endpoint, Addressing = S3Addressing.VirtualHost };
        await using var store = new S3ObjectStore(options, new FixedCredentials(Owner), http, TimeProvider.System, NullLogger.Instance);

        Assert.Equal(10, (await store.HeadAsync("disk.img", null, Cancelled))?.Size);
    }

    [Fact]
    public async Task A_listing_of_several_pages_is_complete()
    {
        for (var i = 0; i < 1001; i++)
            await PutAsync($"many/{i:d5} +%", Bytes(1));

        var keys = new List<string>();
        await foreach (var info in Store.ListAsync("many/", Cancelled))
            keys.Add(info.Key);
        Assert.Equal(Enumerable.Range(0, 1001).Select(i => $"many/{i:d5} +%"), keys, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_missing_bucket_is_told_from_a_missing_object()
    {
        await using var store = StoreOf(Server, o => o with { Bucket = "nowhere" });
        await FailsAsync(
            ObjectStoreError.BucketNotFound, "there is no bucket 'nowhere'", () => store.HeadAsync("k", null, Cancelled).AsTask());
        await FailsAsync(
            ObjectStoreError.BucketNotFound, "there is no bucket 'nowhere'",
            async () => await store.ListAsync("", Cancelled).FirstOrDefaultAsync(Cancelled));
        await FailsAsync(
            ObjectStoreError.BucketNotFound, "there is no bucket 'nowhere'",
            () => store.PutAsync("k", ReadOnlySequence<byte>.Empty, PutCondition.Always, Cancelled).AsTask());
    }

    [Fact]
    public async Task A_wrong_secret_and_an_unknown_key_are_told_apart()
    {
        await PutAsync("disk.img", Bytes(10));
        await using var wrong = StoreOf(Server, credentials: new FixedCredentials(Owner with { SecretKey = "wrong" }));
        await FailsAsync(
            ObjectStoreError.AccessDenied, "the secret key for BECK... is wrong",
            () => wrong.HeadAsync("disk.img", null, Cancelled).AsTask());

        await using var unknown = StoreOf(Server, credentials: new FixedCredentials(Owner with { AccessKey = "AKIASOMEBODYELSE" }));
        await FailsAsync(
            ObjectStoreError.AccessDenied, "does not know the access key AKIA...",
            () => unknown.HeadAsync("disk.img", null, Cancelled).AsTask());

        await using var anonymous = StoreOf(Server, credentials: new AnonymousCredentials());
        await FailsAsync(
            ObjectStoreError.AccessDenied, "--no-sign-request", () => anonymous.HeadAsync("disk.img", null, Cancelled).AsTask());
    }

    [Fact]
    public async Task A_public_bucket_is_read_without_a_signature()
    {
        await PutAsync("disk.img", Bytes(10));
        await Server.DisposeAsync();
        _server = await StartAsync(o => o with { AllowAnonymousReads = true });
        await using var store = StoreOf(_server, credentials: new AnonymousCredentials());

        Assert.Equal(10, (await store.HeadAsync("disk.img", null, Cancelled))?.Size);
    }

    [Fact]
    public async Task The_region_that_the_store_insists_on_is_learnt()
    {
        await PutAsync("disk.img", Bytes(10));
        await Server.DisposeAsync();
        _server = await StartAsync(o => o with { Region = "house-1" });
        await using var store = StoreOf(_server);

        Assert.Equal(10, (await store.HeadAsync("disk.img", null, Cancelled))?.Size);
    }

    [Fact]
    public async Task Temporary_credentials_work_with_their_token_only()
    {
        await PutAsync("disk.img", Bytes(10));
        await Server.DisposeAsync();
        _server = await StartAsync(o => o with { SessionToken = "token/+=" });
        await using var with = StoreOf(_server, credentials: new FixedCredentials(Owner with { SessionToken = "token/+=" }));
        Assert.Equal(10, (await with.HeadAsync("disk.img", null, Cancelled))?.Size);

        await using var without = StoreOf(_server);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => without.HeadAsync("disk.img", null, Cancelled).AsTask());
        Assert.Equal(ObjectStoreError.AccessDenied, e.Error);
    }

    [Fact]
    public async Task A_clock_that_is_hours_off_is_corrected()
    {
        await PutAsync("disk.img", Bytes(10));
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddHours(-5));
        await using var store = StoreOf(Server, time: clock);

        Assert.Equal(10, (await store.HeadAsync("disk.img", null, Cancelled))?.Size);
    }

    [Theory]
    [InlineData(StoreFault.IgnoreRange)]
    [InlineData(StoreFault.WrongContentRange)]
    [InlineData(StoreFault.WrongETag)]
    [InlineData(StoreFault.Overlong)]
    public async Task A_store_that_answers_badly_for_a_moment_is_read_in_the_end(StoreFault kind)
    {
        var bytes = Bytes(3000);
        await PutAsync("disk.img", bytes);
        await Server.DisposeAsync();
        var faults = new DevS3Faults();
        _server = await StartAsync(o => o with { Faults = faults });
        var policy = new RetryPolicy { FirstDoubtPause = TimeSpan.Zero };
        await using var store = new RetryingObjectStore(StoreOf(_server), policy, TimeProvider.System, NullLogger.Instance);
        var info = await store.HeadAsync("disk.img", null, Cancelled);
        Assert.Equal(bytes[1000..1500], await ReadMiddleAsync());

        faults.Add(new FaultRule(kind) { Times = policy.MaximumDoubts });
        Assert.Equal(bytes[1000..1500], await ReadMiddleAsync());

        faults.Add(new FaultRule(kind) { Times = policy.MaximumDoubts + 1 });
        await Assert.ThrowsAsync<ObjectStoreException>(ReadMiddleAsync);

        async Task<byte[]> ReadMiddleAsync()
        {
            await using var body = await store.OpenReadAsync(info!.Pin, new ObjectRange(1000, 500), Cancelled);
            var read = new byte[500];
            await body.ReadExactlyAsync(read, Cancelled);
            return read;
        }
    }

    private async ValueTask<Stream> ConnectToServerAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Server.Endpoint.Port, cancellationToken);
        return client.GetStream();
    }

    private static async Task FailsAsync(ObjectStoreError kind, string words, Func<Task> call)
    {
        var e = await StoreCalls.FailsAsync(kind, call);
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    private async Task<DevS3Server> StartAsync(Func<DevS3Options, DevS3Options>? options = null)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "bucket"));
        var given = new DevS3Options { Folder = _folder.Path, AccessKey = Owner.AccessKey, SecretKey = Owner.SecretKey };
        return await DevS3Server.StartAsync(options?.Invoke(given) ?? given, Cancelled);
    }

    private static S3ObjectStore StoreOf(
        DevS3Server server, Func<S3Options, S3Options>? options = null, IS3CredentialSource? credentials = null, TimeProvider? time = null)
    {
        var given = new S3Options { Bucket = "bucket", EndpointUrl = server.Endpoint };
        return new S3ObjectStore(
            options?.Invoke(given) ?? given,
            credentials ?? new FixedCredentials(Owner),
            S3Loopback.Http,
            time ?? TimeProvider.System,
            NullLogger.Instance);
    }
}
