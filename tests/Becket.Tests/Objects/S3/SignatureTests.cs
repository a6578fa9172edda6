using Becket.Objects.S3;
using Becket.Objects.S3.Signing;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects.S3;

/// <summary>
/// The worked examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" in the
/// Amazon S3 API reference: inputs, and the signatures published for them.
/// </summary>
public class SignatureTests
{
    private const string Timestamp = "20130524T000000Z";
    private const string Region = "us-east-1";

    private static readonly S3Credentials Example =
        new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: null);

    [Fact]
    public void Get_object_with_a_range_has_the_published_canonical_form_and_signature()
    {
        var headers = HeadersOf(CanonicalRequest.EmptyPayload);
        headers.Add("range", "bytes=0-9");
        var request = Request("GET", "/test.txt", "", in headers, CanonicalRequest.EmptyPayload);

        Assert.Equal(
            """
            GET
            /test.txt

            host:examplebucket.s3.amazonaws.com
            range:bytes=0-9
            x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
            x-amz-date:20130524T000000Z

            host;range;x-amz-content-sha256;x-amz-date
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
            """,
            request.ToString());
        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            Authorize(request));
    }

    [Fact]
    public void Put_object_has_the_published_signature()
    {
        const string Payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        var headers = HeadersOf(Payload);
        headers.Add("date", "Fri, 24 May 2013 00:00:00 GMT");
        headers.Add("x-amz-storage-class", "REDUCED_REDUNDANCY");
        var request = Request("PUT", "/" + S3UriEncoding.EncodeKey("test$file.text"), "", in headers, Payload);

        Assert.EndsWith(
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
            + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            Authorize(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void Requests_to_the_bucket_have_the_published_signatures(string query, string signature)
    {
        var headers = HeadersOf(CanonicalRequest.EmptyPayload);
        var request = Request("GET", "/", query, in headers, CanonicalRequest.EmptyPayload);

        Assert.EndsWith("Signature=" + signature, Authorize(request), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_too_long_for_the_stack_is_signed_like_any_other()
    {
        var headers = new SignedHeaders();
        headers.Add("x-amz-security-token", new string('t', 10_000));
        var request = Request("GET", "/k", "", in headers, CanonicalRequest.UnsignedPayload);

        var expected = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(request.ToString()));
        var hash = new byte[32];
        request.Hash(hash);
        Assert.Equal(expected, hash);
    }

    [Fact]
    public void Headers_are_ordered_by_name_whatever_the_order_they_came_in()
    {
        var headers = new SignedHeaders();
        foreach (var name in (string[])["x-amz-date", "host", "range", "if-match", "x-amz-content-sha256"])
            headers.Add(name, "v");
        headers.Add("x-amz-security-token", null);

        Assert.Equal(
            (string[])["host", "if-match", "range", "x-amz-content-sha256", "x-amz-date"],
            headers.AsSpan().ToArray().Select(h => h.Name),
            StringComparer.Ordinal);
    }

    [Fact]
    public void The_day_of_the_key_follows_the_clock_over_midnight()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2013, 5, 24, 23, 59, 59, TimeSpan.Zero));
        var signer = new RequestSigner(time);
        Assert.Contains("/20130524/", Sign(signer), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("20130525T000000Z", signer.TimestampNow());
        Assert.Contains("/20130525/", Sign(signer), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_key_pair_or_region_never_meets_the_key_that_was_derived_before()
    {
        var signer = new RequestSigner(new FakeTimeProvider());
        var first = Sign(signer);
        var otherSecret = Sign(signer, Example with { SecretKey = "other" });
        var otherRegion = Sign(signer, Example, "eu-central-1");

        Assert.Distinct<string>([first, otherSecret, otherRegion], StringComparer.Ordinal);
        Assert.Equal(first, Sign(signer));
    }

    [Fact]
    public void A_store_whose_clock_differs_gets_its_own_time()
    {
        var signer = new RequestSigner(new FakeTimeProvider(new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero)));
        signer.ClockOffset = TimeSpan.FromMinutes(-30);

        Assert.Equal("20130523T233000Z", signer.TimestampNow());
    }

    private static SignedHeaders HeadersOf(string payloadHash)
    {
        var headers = new SignedHeaders();
        headers.Add("x-amz-date", Timestamp);
        headers.Add("x-amz-content-sha256", payloadHash);
        headers.Add("host", "examplebucket.s3.amazonaws.com");
        return headers;
    }

    private static CanonicalRequest Request(string method, string path, string query, in SignedHeaders headers, string payloadHash) =>
        new() { Method = method, Path = path, Query = query, Headers = headers.AsSpan(), PayloadHash = payloadHash };

    private static string Authorize(CanonicalRequest request) =>
        new SigningKey(Example, Region, Timestamp[..8]).Authorize(request, Timestamp);

    private static string Sign(RequestSigner signer, S3Credentials? credentials = null, string region = Region)
    {
        var timestamp = signer.TimestampNow();
        var headers = new SignedHeaders();
        headers.Add("x-amz-date", timestamp);
        return signer.Authorize(
            Request("GET", "/", "", in headers, CanonicalRequest.EmptyPayload), timestamp, credentials ?? Example, region);
    }
}
