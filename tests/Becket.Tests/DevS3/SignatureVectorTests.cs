using System.Net;
using System.Text;
using Becket.DevS3;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.DevS3;

/// <summary>
/// The worked examples of the Amazon S3 API Reference, sent as they stand there: their bucket does not exist here, so a
/// request that is let through ends in a 404, and one that is not in a 403.
/// </summary>
public class SignatureVectorTests : DevS3Test
{
    private const string Credential = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    private const string HashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private readonly FakeTimeProvider _clock = ClockAt("2013-05-24T00:00:00Z");

    protected override DevS3Options Options => base.Options with
    {
        AccessKey = "AKIAIOSFODNN7EXAMPLE",
        SecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        Time = _clock,
    };

    [Fact]
    public async Task The_example_of_getting_an_object_is_accepted()
    {
        using HttpRequestMessage request = GetObject();
        await IsAnsweredAsync(HttpStatusCode.NotFound, "NoSuchBucket", request);
    }

    [Fact]
    public async Task The_example_of_putting_an_object_is_accepted()
    {
        using HttpRequestMessage request = Request(HttpMethod.Put, "/test%24file.text",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        request.Headers.Add("Date", "Fri, 24 May 2013 00:00:00 GMT");
        request.Headers.Add("x-amz-storage-class", "REDUCED_REDUNDANCY");
        request.Content = new StringContent("Welcome to Amazon S3.");
        // In path style its key is the name of a bucket, and as such it is not valid.
        await IsAnsweredAsync(HttpStatusCode.BadRequest, "InvalidBucketName", request);
    }

    [Theory]
    [InlineData("/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", HttpStatusCode.NotImplemented)]
    [InlineData("/?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", HttpStatusCode.OK)]
    public async Task The_examples_with_a_query_are_accepted(string target, string signature, HttpStatusCode status)
    {
        using HttpRequestMessage request = Request(
            HttpMethod.Get, target, HashOfNothing, "host;x-amz-content-sha256;x-amz-date", signature);
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData(0, "NoSuchBucket")]
    [InlineData(24 * 60, "NoSuchBucket")]
    [InlineData((24 * 60) + 1, "AccessDenied")]
    [InlineData(-14, "NoSuchBucket")]
    [InlineData(-16, "AccessDenied")]
    public async Task The_example_of_a_presigned_URL_is_accepted_for_its_day(int minutesLater, string code)
    {
        _clock.AdjustTime(_clock.GetUtcNow().AddMinutes(minutesLater));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server.Endpoint,
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
        request.Headers.Host = "examplebucket.s3.amazonaws.com";
        await IsAnsweredAsync(code == "NoSuchBucket" ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden, code, request);
    }

    [Theory]
    [InlineData(14, HttpStatusCode.NotFound, "NoSuchBucket")]
    [InlineData(16, HttpStatusCode.Forbidden, "RequestTimeTooSkewed")]
    [InlineData(-14, HttpStatusCode.NotFound, "NoSuchBucket")]
    [InlineData(-16, HttpStatusCode.Forbidden, "RequestTimeTooSkewed")]
    public async Task A_clock_that_is_off_by_more_than_a_quarter_of_an_hour_is_refused(int minutes, HttpStatusCode status, string code)
    {
        _clock.AdjustTime(_clock.GetUtcNow().AddMinutes(minutes));
        using HttpRequestMessage request = GetObject();
        await IsAnsweredAsync(status, code, request);
    }

    [Fact]
    public async Task A_refusal_for_the_clock_says_what_time_it_is()
    {
        _clock.AdjustTime(_clock.GetUtcNow().AddHours(1));
        using HttpRequestMessage request = GetObject();
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        Assert.Equal(_clock.GetUtcNow(), response.Headers.Date);
        Assert.Contains(
            "<ServerTime>2013-05-24T01:00:00Z</ServerTime>",
            await response.Content.ReadAsStringAsync(Cancellation),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Range", "bytes=0-8")]
    [InlineData("x-amz-date", "20130524T000001Z")]
    [InlineData("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
    public async Task A_signed_header_that_was_changed_breaks_the_signature(string header, string value)
    {
        using HttpRequestMessage request = GetObject();
        request.Headers.Remove(header);
        request.Headers.TryAddWithoutValidation(header, value);
        await IsAnsweredAsync(HttpStatusCode.Forbidden, "SignatureDoesNotMatch", request);
    }

    [Fact]
    public async Task An_unsigned_header_that_S3_obeys_is_refused()
    {
        using HttpRequestMessage request = GetObject();
        request.Headers.Add("x-amz-copy-source", "/isos/x");
        await IsAnsweredAsync(HttpStatusCode.Forbidden, "AccessDenied", request);
    }

    [Theory]
    [InlineData("AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "InvalidRequest")]
    [InlineData("AWS4-HMAC-SHA256 Credential=x", "AuthorizationHeaderMalformed")]
    [InlineData(
        "AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/ec2/aws4_request,SignedHeaders=host,Signature=0",
        "AuthorizationHeaderMalformed")]
    [InlineData(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130523/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0",
        "AuthorizationHeaderMalformed")]
    public async Task A_malformed_authorization_is_named_as_such(string authorization, string code)
    {
        using HttpRequestMessage request = GetObject();
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        await IsAnsweredAsync(HttpStatusCode.BadRequest, code, request);
    }

    [Theory]
    [InlineData("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", HttpStatusCode.OK)]
    [InlineData("bd80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", HttpStatusCode.Forbidden)]
    public async Task The_example_of_a_body_in_signed_chunks_is_accepted_if_every_signature_holds(string firstChunk, HttpStatusCode status)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "examplebucket"));
        string body =
            $"10000;chunk-signature={firstChunk}\r\n{new string('a', 65536)}\r\n" +
            $"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n{new string('a', 1024)}\r\n" +
            "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
        using HttpRequestMessage request = PutChunks(body, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
        await EndsWithTheObjectAsync(request, status);
    }

    [Theory]
    [InlineData("sOO8/Q==", "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435", HttpStatusCode.OK)]
    [InlineData("sOO8/Q==", "e81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435", HttpStatusCode.Forbidden)]
    [InlineData("AAAAAA==", "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435", HttpStatusCode.Forbidden)]
    public async Task The_example_of_a_trailing_checksum_is_accepted_if_its_signature_holds(
        string checksum, string signature, HttpStatusCode status)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "examplebucket"));
        string body =
            $"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n{new string('a', 65536)}\r\n" +
            $"400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n{new string('a', 1024)}\r\n" +
            "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
            $"x-amz-checksum-crc32c:{checksum}\r\nx-amz-trailer-signature:{signature}\r\n\r\n";
        using HttpRequestMessage request = PutChunks(body, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
        request.Headers.Add("x-amz-trailer", "x-amz-checksum-crc32c");
        await EndsWithTheObjectAsync(request, status);
    }

    private HttpRequestMessage GetObject()
    {
        HttpRequestMessage request = Request(HttpMethod.Get, "/test.txt/", HashOfNothing,
            "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        request.RequestUri = new Uri(Server.Endpoint, "/test.txt");
        request.Headers.TryAddWithoutValidation("Range", "bytes=0-9");
        return request;
    }

    private HttpRequestMessage PutChunks(string body, string payload, string signedHeaders, string signature)
    {
        HttpRequestMessage request = Request(HttpMethod.Put, "/examplebucket/chunkObject.txt", payload, signedHeaders, signature);
        request.Headers.Host = "s3.amazonaws.com";
        request.Headers.Add("x-amz-storage-class", "REDUCED_REDUNDANCY");
        request.Headers.Add("x-amz-decoded-content-length", "66560");
        request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        request.Content.Headers.ContentEncoding.Add("aws-chunked");
        return request;
    }

    private HttpRequestMessage Request(HttpMethod method, string target, string payload, string signedHeaders, string signature)
    {
        var request = new HttpRequestMessage(method, new Uri(Server.Endpoint, target));
        request.Headers.Host = "examplebucket.s3.amazonaws.com";
        request.Headers.Add("x-amz-content-sha256", payload);
        request.Headers.Add("x-amz-date", "20130524T000000Z");
        request.Headers.TryAddWithoutValidation("Authorization", $"{Credential},SignedHeaders={signedHeaders},Signature={signature}");
        return request;
    }

    private async Task EndsWithTheObjectAsync(HttpRequestMessage request, HttpStatusCode status)
    {
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        Assert.Equal(status, response.StatusCode);
        string path = Path.Combine(Folder, "examplebucket", "chunkObject.txt");
        Assert.Equal(status == HttpStatusCode.OK, File.Exists(path));
        if (status == HttpStatusCode.OK)
            Assert.Equal(new string('a', 66560), await File.ReadAllTextAsync(path, Cancellation));
    }

    private async Task IsAnsweredAsync(HttpStatusCode status, string code, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains($"<Code>{code}</Code>", body, StringComparison.Ordinal);
        Assert.Equal(status, response.StatusCode);
    }
}
