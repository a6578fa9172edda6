using Becket.Objects;
using Becket.Objects.S3;
using Becket.Tests.Objects.Http;
using Microsoft.Extensions.Time.Testing;
using static Becket.Tests.Objects.S3.S3Loopback;

namespace Becket.Tests.Objects.S3;

/// <summary>What is sent: addresses, headers, and the second request that a refusal asks for.</summary>
public class S3ObjectStoreRequestTests
{
    private static readonly ObjectPin Pin = new("disk.img", "\"one\"", null);
    private static readonly ObjectRange Range = new(10, 5);
    private static readonly string Hello = Answer("206 Partial Content", "ETag: \"one\"\r\nContent-Range: bytes 10-14/100", "hello");

    [Fact]
    public async Task A_read_is_one_signed_request_for_the_pinned_object()
    {
        await using var server = InTurn(Hello);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        Assert.Equal("hello", await ReadAsync(Store(server, time: time), Pin));

        var request = Assert.Single(server.Requests);
        Assert.Equal(("GET", "/bucket/disk.img"), (request.Method, request.Target));
        Assert.Equal(("bytes=10-14", "\"one\""), (request["Range"], request["If-Match"]));
        Assert.Equal(("20260102T030405Z", "UNSIGNED-PAYLOAD"), (request["x-amz-date"], request["x-amz-content-sha256"]));
        Assert.Equal($"127.0.0.1:{server.Port}", request["Host"]);
        Assert.StartsWith(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/s3/aws4_request, "
            + "SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date, Signature=",
            request["Authorization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..", "/bucket/..")]
    [InlineData("/a//../b c", "/bucket//a//../b%20c")]
    [InlineData("100%?#+", "/bucket/100%25%3F%23%2B")]
    [InlineData("schlüssel", "/bucket/schl%C3%BCssel")]
    public async Task Keys_arrive_as_they_were_signed(string key, string target)
    {
        await using var server = InTurn(Hello);
        await ReadAsync(Store(server), Pin with { Key = key });

        Assert.Equal(target, Assert.Single(server.Requests).Target);
    }

    [Fact]
    public async Task Session_token_and_payment_are_sent_and_signed()
    {
        await using var server = InTurn(Hello);
        var store = Store(
            server, o => o with { RequesterPays = true }, new FixedCredentials(Credentials with { SessionToken = "tok/en==" }));
        await ReadAsync(store, Pin);

        var request = Assert.Single(server.Requests);
        Assert.Equal(("tok/en==", "requester"), (request["x-amz-security-token"], request["x-amz-request-payer"]));
        Assert.Contains("x-amz-date;x-amz-request-payer;x-amz-security-token,", request["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_customers_key_goes_with_reads_but_not_with_listings()
    {
        await using var server = InTurn(Hello, Answer("200 OK", body: "<ListBucketResult/>"));
        var store = Store(server, o => o with { CustomerKey = new S3CustomerKey("01234567890123456789012345678901"u8) });
        await ReadAsync(store, Pin);
        await foreach (var _ in store.ListAsync("", Token))
        {
        }

        var (read, list) = (server.Requests.ElementAt(0), server.Requests.ElementAt(1));
        Assert.Equal("AES256", read["x-amz-server-side-encryption-customer-algorithm"]);
        Assert.Equal("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", read["x-amz-server-side-encryption-customer-key"]);
        Assert.Equal("KYvwGXoFFJ42a2u2GDWhwQ==", read["x-amz-server-side-encryption-customer-key-md5"]);
        Assert.Null(list["x-amz-server-side-encryption-customer-key"]);
    }

    [Theory]
    [InlineData("405 Method Not Allowed")]
    [InlineData("403 Forbidden")]
    public async Task Where_HEAD_is_refused_one_byte_tells_size_and_identity(string refusal)
    {
        await using var server = InTurn(
            Answer(refusal),
            Answer("206 Partial Content", "ETag: \"e\"\r\nContent-Range: bytes 0-0/123456789012\r\nx-amz-version-id: v7", "x"));
        var info = await Store(server).HeadAsync("k", null, Token);

        Assert.Equal((123456789012, "\"e\"", "v7"), (info!.Size, info.ETag, info.VersionId));
        Assert.Equal<string>(["HEAD", "GET"], server.Requests.Select(r => r.Method), StringComparer.Ordinal);
        Assert.Equal("bytes=0-0", server.Requests.Last()["Range"]);
    }

    [Fact]
    public async Task Where_HEAD_is_refused_an_empty_object_is_still_found()
    {
        await using var server = InTurn(Answer("403 Forbidden"), Error("416 Range Not Satisfiable", "InvalidRange"));

        Assert.Equal(0, (await Store(server).HeadAsync("k", null, Token))!.Size);
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_found_out_when_the_object_is_opened()
    {
        await using var server = InTurn(Answer("403 Forbidden"), Answer("200 OK", body: "whole"));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(async () => await Store(server).HeadAsync("k", null, Token));

        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
    }

    [Fact]
    public async Task The_version_null_of_a_suspended_bucket_is_not_pinned()
    {
        await using var server = InTurn(Answer("200 OK", "ETag: \"e\"\r\nx-amz-version-id: null", "body"));

        Assert.Null((await Store(server).HeadAsync("k", null, Token))!.VersionId);
    }

    [Theory]
    [InlineData("400 Bad Request", "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>", "")]
    [InlineData("301 Moved Permanently", "PermanentRedirect", "<Endpoint>bucket.s3.eu-central-1.amazonaws.com</Endpoint>", "")]
    [InlineData("301 Moved Permanently", "PermanentRedirect", "", "x-amz-bucket-region: eu-central-1")]
    [InlineData("307 Temporary Redirect", "TemporaryRedirect", "", "Location: https://bucket.s3-eu-central-1.amazonaws.com/disk.img")]
    public async Task The_region_is_learnt_from_the_refusal_and_remembered(string status, string code, string elements, string headers)
    {
        await using var server = InTurn(Error(status, code, elements: elements, headers: headers), Hello);
        var store = Store(server);
        await ReadAsync(store, Pin);
        await ReadAsync(store, Pin);

        Assert.Equal<string>(["us-east-1", "eu-central-1", "eu-central-1"], server.Requests.Select(RegionOf), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_store_that_never_agrees_on_a_region_is_asked_twice_and_no_more()
    {
        await using var server = InTurn(
            Error("400 Bad Request", "AuthorizationHeaderMalformed", elements: "<Region>one</Region>"),
            Error("400 Bad Request", "AuthorizationHeaderMalformed", elements: "<Region>two</Region>"));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await ReadAsync(Store(server), Pin));

        Assert.Equal<string>(["us-east-1", "one"], server.Requests.Select(RegionOf), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_corrected_by_the_stores_date()
    {
        await using var server = InTurn(
            Error("403 Forbidden", "RequestTimeTooSkewed", headers: "Date: Fri, 02 Jan 2026 05:00:00 GMT"), Hello);
        var store = Store(server, time: new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero)));
        await ReadAsync(store, Pin);
        await ReadAsync(store, Pin);

        Assert.Equal<string>(
            ["20260102T030000Z", "20260102T050000Z", "20260102T050000Z"],
            server.Requests.Select(r => r["x-amz-date"]!),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_cannot_be_corrected_names_both_times()
    {
        await using var server = InTurn(
            Error("403 Forbidden", "RequestTimeTooSkewed", headers: "Date: Fri, 02 Jan 2026 05:00:00 GMT"));
        var store = Store(server, time: new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero)));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(async () => await ReadAsync(store, Pin));

        Assert.Contains("clock says 2026-01-02 03:00:00Z and the store's 2026-01-02 05:00:00Z", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("400 Bad Request", "ExpiredToken")]
    [InlineData("403 Forbidden", "InvalidAccessKeyId")]
    [InlineData("400 Bad Request", "InvalidToken")]
    public async Task Credentials_that_are_not_taken_any_more_are_replaced_once(string status, string code)
    {
        await using var server = InTurn(Error(status, code), Hello);
        await ReadAsync(Store(server, credentials: new RenewableCredentials()), Pin);

        Assert.Equal<string>(["old", "new"], server.Requests.Select(r => r["x-amz-security-token"]!), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_read_by_version_reads_by_etag()
    {
        await using var server = InTurn(Error("403 Forbidden", "AccessDenied"), Hello);
        var store = Store(server);
        Assert.Equal("hello", await ReadAsync(store, Pin with { VersionId = "v1" }));
        Assert.Equal("hello", await ReadAsync(store, Pin with { VersionId = "v1" }));

        Assert.Equal<string>(
            ["/bucket/disk.img?versionId=v1", "/bucket/disk.img", "/bucket/disk.img"],
            server.Requests.Select(r => r.Target),
            StringComparer.Ordinal);
        Assert.All(server.Requests, request => Assert.Equal("\"one\"", request["If-Match"]));
    }

    [Fact]
    public async Task Without_an_etag_a_refused_version_stays_refused()
    {
        await using var server = InTurn(Error("403 Forbidden", "AccessDenied"), Hello);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(
            async () => await ReadAsync(Store(server), new ObjectPin("disk.img", null, "v1")));

        Assert.Equal(ObjectStoreError.AccessDenied, e.Error);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_replaced_object_is_no_data()
    {
        await using var server = InTurn(Error("412 Precondition Failed", "PreconditionFailed"));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(async () => await ReadAsync(Store(server), Pin));

        Assert.Equal(ObjectStoreError.Changed, e.Error);
    }

    [Fact]
    public async Task Content_encoding_is_only_a_label_in_S3()
    {
        await using var server = InTurn(Answer(
            "206 Partial Content", "ETag: \"one\"\r\nContent-Range: bytes 10-14/100\r\nContent-Encoding: gzip", "hello"));

        Assert.Equal("hello", await ReadAsync(Store(server), Pin));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string RegionOf(RawRequest request) => request["Authorization"]!.Split('/')[2];

    private static async Task<string> ReadAsync(S3ObjectStore store, ObjectPin pin)
    {
        await using var body = await store.OpenReadAsync(pin, Range, Token);
        using var reader = new StreamReader(body);
        return await reader.ReadToEndAsync(Token);
    }

    private sealed class RenewableCredentials : IS3CredentialSource
    {
        private volatile S3Credentials _current = Credentials with { SessionToken = "old" };

        public ValueTask<S3Credentials?> GetAsync(CancellationToken cancellationToken) => new(_current);

        public ValueTask<S3Credentials?> RefreshAsync(S3Credentials refused, CancellationToken cancellationToken) =>
            new(_current = Credentials with { SessionToken = "new" });
    }
}
