using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Becket.DevS3;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.DevS3;

/// <summary>
/// Base of tests against a running endpoint over a folder of their own, with a bucket named <c>isos</c> in it. The client is
/// AWSSDK.S3: what it makes of our answers is a judgement that is not ours.
/// </summary>
public abstract class DevS3Test : IAsyncLifetime
{
    protected const string Bucket = "isos";

    private readonly string _parent = Directory.CreateTempSubdirectory("becket-dev-s3-").FullName;

    protected DevS3Test() => Folder = Directory.CreateDirectory(Path.Combine(_parent, "served")).FullName;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The folder that is served; what is beside it in its parent must never be seen.</summary>
    protected string Folder { get; }

    protected DevS3Server Server { get; private set; } = null!;

    protected AmazonS3Client S3 { get; private set; } = null!;

    protected HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, MaxConnectionsPerServer = 64 });

    protected virtual DevS3Options Options => new() { Folder = Folder, MinimumPartSize = 1 };

    public virtual async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(Folder, Bucket));
        Server = await DevS3Server.StartAsync(Options, Cancellation);
        S3 = Connect(Server.AccessKey, Server.SecretKey);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        S3.Dispose();
        Http.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_parent, recursive: true);
    }

    protected AmazonS3Client Connect(string accessKey, string secretKey, Action<AmazonS3Config>? configure = null)
    {
        var config = new AmazonS3Config
        {
            ServiceURL = Server.Endpoint.ToString(),
            ForcePathStyle = true,
            UseHttp = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
        };
        configure?.Invoke(config);
        return new AmazonS3Client(new BasicAWSCredentials(accessKey, secretKey), config);
    }

    protected string PlaceByHand(string name, byte[] content)
    {
        string path = Path.Combine(Folder, Bucket, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    protected Task<PutObjectResponse> PutAsync(string key, byte[] content, Action<PutObjectRequest>? configure = null)
    {
        var request = new PutObjectRequest { BucketName = Bucket, Key = key, InputStream = new MemoryStream(content) };
        configure?.Invoke(request);
        return S3.PutObjectAsync(request, Cancellation);
    }

    protected async Task<byte[]> GetAsync(string key)
    {
        using GetObjectResponse response = await S3.GetObjectAsync(Bucket, key, Cancellation);
        return await ReadAsync(response.ResponseStream);
    }

    /// <summary>A URL that needs no further signature.</summary>
    protected async Task<string> PresignAsync(string key, HttpVerb verb = HttpVerb.GET) =>
        await S3.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = Bucket,
            Key = key,
            Verb = verb,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5),
            Protocol = Protocol.HTTP,
        });

    /// <summary>Gets a presigned URL with a client that is not the SDK, and so neither retries nor repairs anything.</summary>
    protected async Task<HttpResponseMessage> GetRawAsync(string key, string? range = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, await PresignAsync(key));
        if (range is not null)
            request.Headers.TryAddWithoutValidation("Range", range);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    protected static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var content = new MemoryStream();
        await stream.CopyToAsync(content, Cancellation);
        return content.ToArray();
    }

    protected static async Task FailsAsync(HttpStatusCode status, string code, Func<Task> action)
    {
        var exception = await Assert.ThrowsAnyAsync<AmazonS3Exception>(action);
        Assert.Equal((status, code), (exception.StatusCode, exception.ErrorCode));
    }

    /// <summary>Bytes that differ from offset to offset.</summary>
    protected static byte[] Pattern(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static byte[] Md5(byte[] content)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(content);
        return md5.GetHashAndReset();
    }

    protected static FakeTimeProvider ClockAt(string time) => new(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture));
}
