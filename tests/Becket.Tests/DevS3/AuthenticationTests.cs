using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Becket.DevS3;

namespace Becket.Tests.DevS3;

public class AuthenticationTests : DevS3Test
{
    [Fact]
    public async Task A_wrong_access_key_and_a_wrong_secret_key_are_told_apart()
    {
        using AmazonS3Client stranger = Connect("NOBODY", Server.SecretKey);
        await FailsAsync(HttpStatusCode.Forbidden, "InvalidAccessKeyId", () => stranger.ListBucketsAsync(Cancellation));
        using AmazonS3Client forgetful = Connect(Server.AccessKey, "wrong");
        await FailsAsync(HttpStatusCode.Forbidden, "SignatureDoesNotMatch", () => forgetful.ListBucketsAsync(Cancellation));
    }

    [Fact]
    public async Task An_unsigned_request_is_refused()
    {
        PlaceByHand("x", [1]);
        using HttpResponseMessage response = await Http.GetAsync(new Uri(Server.Endpoint, "/isos/x"), Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("<Code>AccessDenied</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.NotNull(response.Headers.Date);
        Assert.NotEmpty(response.Headers.GetValues("x-amz-request-id"));
    }

    [Fact]
    public async Task A_URL_presigned_for_GET_refuses_HEAD_without_a_body()
    {
        PlaceByHand("x", [1, 2, 3]);
        string url = await PresignAsync("x");
        Assert.Equal([1, 2, 3], await Http.GetByteArrayAsync(url, Cancellation));
        using HttpResponseMessage head = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, url), Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
    }

    [Fact]
    public async Task A_URL_presigned_for_PUT_takes_an_object()
    {
        using var content = new ByteArrayContent([1, 2, 3]);
        using HttpResponseMessage put = await Http.PutAsync(await PresignAsync("new key", HttpVerb.PUT), content, Cancellation);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        Assert.Equal([1, 2, 3], await GetAsync("new key"));
    }

    [Fact]
    public async Task A_presigned_URL_is_good_for_its_key_only()
    {
        PlaceByHand("x", [1]);
        PlaceByHand("y", [2]);
        string url = (await PresignAsync("x")).Replace("/isos/x?", "/isos/y?", StringComparison.Ordinal);
        using HttpResponseMessage response = await Http.GetAsync(url, Cancellation);
        Assert.Contains(
            "<Code>SignatureDoesNotMatch</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_response_can_be_dressed_by_a_signed_query()
    {
        PlaceByHand("x", [1]);
        string url = await S3.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = Bucket,
            Key = "x",
            Protocol = Protocol.HTTP,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5),
            ResponseHeaderOverrides = new ResponseHeaderOverrides
            {
                ContentType = "text/plain",
                ContentDisposition = "attachment; filename=\"a b\"",
            },
        });
        using HttpResponseMessage response = await Http.GetAsync(url, Cancellation);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=\"a b\"", response.Content.Headers.ContentDisposition!.ToString());
    }

    [Fact]
    public async Task A_host_below_localhost_names_the_bucket()
    {
        PlaceByHand("x", [1, 2]);
        using AmazonS3Client client = Connect(Server.AccessKey, Server.SecretKey, c =>
        {
            c.ServiceURL = $"http://localhost:{Server.Endpoint.Port}";
            c.ForcePathStyle = false;
            c.HttpClientFactory = new LoopbackClients();
        });
        using GetObjectResponse response = await client.GetObjectAsync(Bucket, "x", Cancellation);
        Assert.Equal([1, 2], await ReadAsync(response.ResponseStream));
    }

    /// <summary>Connects every *.localhost to 127.0.0.1, which not every resolver does.</summary>
    private sealed class LoopbackClients : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new SocketsHttpHandler
        {
            ConnectCallback = static async (context, cancellationToken) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });
    }
}

public class SessionAndRegionTests : DevS3Test
{
    protected override DevS3Options Options => base.Options with { Region = "eu-west-7", SessionToken = "the/token+=" };

    [Fact]
    public async Task Temporary_credentials_need_their_token()
    {
        using AmazonS3Client good = With(new SessionAWSCredentials(Server.AccessKey, Server.SecretKey, "the/token+="));
        Assert.Single((await good.ListBucketsAsync(Cancellation)).Buckets);
        using AmazonS3Client bad = With(new SessionAWSCredentials(Server.AccessKey, Server.SecretKey, "another"));
        await FailsAsync(HttpStatusCode.BadRequest, "InvalidToken", () => bad.ListBucketsAsync(Cancellation));
        using AmazonS3Client none = With(new BasicAWSCredentials(Server.AccessKey, Server.SecretKey));
        await FailsAsync(HttpStatusCode.Forbidden, "InvalidAccessKeyId", () => none.ListBucketsAsync(Cancellation));
    }

    [Fact]
    public async Task Another_region_is_refused_with_the_right_one()
    {
        using AmazonS3Client client = With(new SessionAWSCredentials(Server.AccessKey, Server.SecretKey, "the/token+="), "us-east-1");
        var exception = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket }, Cancellation));
        Assert.Equal("AuthorizationHeaderMalformed", exception.ErrorCode);
        Assert.Contains("eu-west-7", exception.Message, StringComparison.Ordinal);
    }

    private AmazonS3Client With(AWSCredentials credentials, string region = "eu-west-7") => new(credentials, new AmazonS3Config
    {
        ServiceURL = Server.Endpoint.ToString(),
        ForcePathStyle = true,
        AuthenticationRegion = region,
        MaxErrorRetry = 0,
    });
}
