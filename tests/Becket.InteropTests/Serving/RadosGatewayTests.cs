using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Becket.InteropTests.Images;
using Becket.InteropTests.Nbd;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>Objects in a real Ceph, among them such as change while they are served.</summary>
public sealed class RadosGatewayTests(RealStores stores) : InteropTest(stores)
{
    [Fact]
    public async Task Gibibyte_image_is_copied_identically_over_four_connections()
    {
        Tool.Require("nbdcopy");
        var endpoint = (await Stores.GetRadosGatewayAsync()).Endpoint;
        var image = Folder["image"];
        DiskImage.WriteRandomWithHoles(image, size: 1 << 30, seed: 6);
        using var client = endpoint.CreateClient();
        await client.PutBucketAsync("large", Token);
        using (var transfer = new TransferUtility(client))
            await transfer.UploadAsync(image, "large", "image", Token);
        await using var becket = await BecketServer.StartAsync(endpoint.Object("large", "image"), Token);

        await using var relay = new CountingRelay(Folder["relay"], becket.Socket);

        var copy = new Command("nbdcopy", "--connections=4", "--threads=4", relay.Uri, Folder["copy"])
        {
            TimeLimit = TimeSpan.FromMinutes(3),
        };
        await copy.SucceedAsync(Token);

        relay.AssertAllCarriedAShare(connections: 4);
        await AssertSameBytesAsync(image, Folder["copy"]);
        await becket.StopAsync(Token);
        await client.DeleteObjectAsync("large", "image", Token);
    }

    [Fact]
    public async Task Object_that_is_replaced_while_served_gives_errors_and_never_other_bytes()
    {
        using var client = (await Stores.GetRadosGatewayAsync()).Endpoint.CreateClient();
        await using var becket = await ServeOnesAsync(client, "replaced");
        await ReadAsync(becket, expected: "b'1' * 65536");

        await PutAsync(client, "replaced", (byte)'2');

        await ReadIsAnInputOutputErrorAsync(becket);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Object_that_is_deleted_while_served_gives_errors_and_never_zeroes()
    {
        using var client = (await Stores.GetRadosGatewayAsync()).Endpoint.CreateClient();
        await using var becket = await ServeOnesAsync(client, "deleted");
        await ReadAsync(becket, expected: "b'1' * 65536");

        await client.DeleteObjectAsync(RealStores.Bucket, "deleted", Token);

        await ReadIsAnInputOutputErrorAsync(becket);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Presigned_url_is_served_although_it_refuses_head()
    {
        Tool.Require("nbdcopy");
        await Stores.GetDiskInAsync(Place.RadosGateway);
        using var client = (await Stores.GetRadosGatewayAsync()).Endpoint.CreateClient();
        var url = await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = RealStores.Bucket,
            Key = RealStores.DiskKey,
            Protocol = Protocol.HTTP,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(10),
        });
        using (var http = new HttpClient())
        using (var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, url), Token))
            Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
        await using var becket = await BecketServer.StartAsync(new Source([url], []), Token);

        await new Command("nbdcopy", becket.Uri, Folder["copy"]).SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy"]);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Version_that_was_named_is_served_although_a_newer_one_exists()
    {
        var endpoint = (await Stores.GetRadosGatewayAsync()).Endpoint;
        using var client = endpoint.CreateClient();
        await client.PutBucketAsync("versioned", Token);
        await client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest
            {
                BucketName = "versioned",
                VersioningConfig = new() { Status = VersionStatus.Enabled },
            },
            Token);
        var first = await PutAsync(client, "key", (byte)'1', "versioned");
        await PutAsync(client, "key", (byte)'2', "versioned");
        await using var becket = await BecketServer.StartAsync(endpoint.Object("versioned", $"key?versionId={first.VersionId}"), Token);

        await ReadAsync(becket, expected: "b'1' * 65536");

        await becket.StopAsync(Token);
    }

    private async Task<BecketServer> ServeOnesAsync(AmazonS3Client client, string key)
    {
        await client.PutBucketAsync(RealStores.Bucket, Token);
        await PutAsync(client, key, (byte)'1');
        var endpoint = (await Stores.GetRadosGatewayAsync()).Endpoint;
        return await BecketServer.StartAsync(endpoint.Object(RealStores.Bucket, key).With("--zone", "0"), Token);
    }

    // 8 MiB of one byte, so that what is read says which object it came from.
    private async Task<PutObjectResponse> PutAsync(AmazonS3Client client, string key, byte content, string bucket = RealStores.Bucket)
    {
        var bytes = new byte[8 << 20];
        bytes.AsSpan().Fill(content);
        var request = new PutObjectRequest { BucketName = bucket, Key = key, InputStream = new MemoryStream(bytes) };
        return await client.PutObjectAsync(request, Token);
    }

    private async Task ReadAsync(BecketServer becket, string expected) =>
        await Nbdsh.RunAsync($"h.connect_uri('{becket.Uri}')\nassert h.pread(65536, 0) == {expected}", Token);

    // At other offsets than were read before; what was read stays what it was.
    private async Task ReadIsAnInputOutputErrorAsync(BecketServer becket) => await Nbdsh.RunAsync(
        $$"""
        import errno
        h.connect_uri('{{becket.Uri}}')
        for offset in (1 << 20, 4 << 20):
            try:
                data = h.pread(65536, offset)
            except nbd.Error as e:
                assert e.errnum == errno.EIO, e
            else:
                assert False, data[:16]
        assert h.pread(65536, 0) == b'1' * 65536
        """,
        Token);
}
