using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Becket.Tests.DevS3;

public class PayloadTests : DevS3Test
{
    [Theory]
    [InlineData("CRC32", true)]
    [InlineData("CRC32", false)]
    [InlineData("SHA1", false)]
    [InlineData("SHA256", true)]
    public async Task The_SDK_may_frame_and_sum_a_body_as_it_likes(string algorithm, bool chunked)
    {
        byte[] content = Pattern(200_001);
        await PutAsync("x", content, r =>
        {
            r.ChecksumAlgorithm = ChecksumAlgorithm.FindValue(algorithm);
            r.UseChunkEncoding = chunked;
        });
        GetObjectRequest get = new() { BucketName = Bucket, Key = "x", ChecksumMode = ChecksumMode.ENABLED };
        using GetObjectResponse response = await S3.GetObjectAsync(get, Cancellation);
        Assert.Equal(content, await ReadAsync(response.ResponseStream)); // the SDK verifies the checksum as it reads
        Assert.Empty(response.Headers.ContentEncoding ?? "");
        string?[] sums =
            [response.ChecksumCRC32, response.ChecksumCRC32C, response.ChecksumCRC64NVME, response.ChecksumSHA1, response.ChecksumSHA256];
        Assert.Single(sums, s => s is not null);
    }

    [Theory]
    [InlineData("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", HttpStatusCode.BadRequest, "BadDigest")]
    [InlineData("Content-MD5", "not-base64", HttpStatusCode.BadRequest, "InvalidDigest")]
    [InlineData("Content-MD5", "iNqp3LHEZQ3mwcc+6pFMyQ==", HttpStatusCode.BadRequest, "BadDigest")]
    public async Task A_body_that_is_not_what_its_headers_say_is_refused(string header, string value, HttpStatusCode status, string code)
    {
        using var content = new ByteArrayContent("damaged"u8.ToArray());
        content.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await Http.PutAsync(await PresignAsync("x", HttpVerb.PUT), content, Cancellation);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains($"<Code>{code}</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("x"));
    }

    [Fact]
    public async Task A_body_with_another_hash_than_was_signed_is_refused()
    {
        // The SDK signs the right hash; a tampering wire changes a byte after that.
        using AmazonS3Client client = Connect(Server.AccessKey, Server.SecretKey, c => c.HttpClientFactory = new Tampering());
        var request = new PutObjectRequest
        {
            BucketName = Bucket,
            Key = "x",
            InputStream = new MemoryStream(Pattern(1000)),
            UseChunkEncoding = false,
        };
        await FailsAsync(HttpStatusCode.BadRequest, "XAmzContentSHA256Mismatch", () => client.PutObjectAsync(request, Cancellation));
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("x"));
    }

    // The CRC-32C of "hello" is 9A71BB4C.
    [Theory]
    [InlineData("5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\r\n\r\n", "5", "x-amz-checksum-crc32c", null)]
    [InlineData("5\r\nhellO\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\r\n\r\n", "5", "x-amz-checksum-crc32c", "BadDigest")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "5", "x-amz-checksum-crc32c", "InvalidRequest")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "5", "x-amz-checksum-md4", "InvalidRequest")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "5", "x-amz-checksum-crc32,x-amz-checksum-sha1", "InvalidRequest")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "6", "", "IncompleteBody")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "4", "", "IncompleteBody")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "", "", "MissingContentLength")]
    public async Task Unsigned_chunks_are_checked_by_the_checksum_in_their_trailer(string body, string length, string trailer, string? code)
    {
        using HttpRequestMessage request = TestSignature.Sign(
            HttpMethod.Put,
            Server.Endpoint,
            "/isos/x",
            Server.AccessKey,
            Server.SecretKey,
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", length),
            ("x-amz-trailer", trailer));
        request.Content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(body));
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        if (code is null)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("hello"u8.ToArray(), await GetAsync("x"));
            return;
        }
        Assert.Contains($"<Code>{code}</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("x"));
    }

    private sealed class Tampering : Amazon.Runtime.HttpClientFactory
    {
        public override HttpClient CreateHttpClient(Amazon.Runtime.IClientConfig clientConfig) => new(new Handler());

        private sealed class Handler() : DelegatingHandler(new SocketsHttpHandler())
        {
            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
                body[600] ^= 1; // in the data, with framing or without
                var changed = new ByteArrayContent(body);
                foreach (var header in request.Content.Headers)
                    changed.Headers.TryAddWithoutValidation(header.Key, header.Value);
                request.Content = changed;
                return await base.SendAsync(request, cancellationToken);
            }
        }
    }
}
