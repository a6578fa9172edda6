using Becket.Objects;
using Becket.Objects.S3;
using static Becket.Tests.Objects.S3.S3Loopback;

namespace Becket.Tests.Objects.S3;

/// <summary>What a store's refusals become: the kind, and the sentence a user reads.</summary>
public class S3ErrorTests
{
    private static readonly ObjectPin Pin = new("disk.img", "\"one\"", null);

    [Theory]
    [InlineData("404 Not Found", "NoSuchKey", ObjectStoreError.NotFound, "s3://bucket/disk.img does not exist; check the key")]
    [InlineData("404 Not Found", "NoSuchVersion", ObjectStoreError.NotFound, "no such version")]
    [InlineData("404 Not Found", "NoSuchBucket", ObjectStoreError.BucketNotFound, "there is no bucket 'bucket' at http://127.0.0.1:")]
    [InlineData(
        "403 Forbidden",
        "AccessDenied",
        ObjectStoreError.AccessDenied,
        "access denied for AKIA...: In the store's words; it needs s3:GetObject")]
    [InlineData("403 Forbidden", "InvalidAccessKeyId", ObjectStoreError.AccessDenied, "does not know the access key AKIA...")]
    [InlineData("403 Forbidden", "SignatureDoesNotMatch", ObjectStoreError.AccessDenied, "the secret key for AKIA... is wrong")]
    [InlineData("400 Bad Request", "ExpiredToken", ObjectStoreError.AccessDenied, "has expired; renew it")]
    [InlineData("400 Bad Request", "InvalidToken", ObjectStoreError.AccessDenied, "AWS_SESSION_TOKEN")]
    [InlineData("403 Forbidden", "RequestTimeTooSkewed", ObjectStoreError.AccessDenied, "clock is too far from the store's")]
    [InlineData("403 Forbidden", "InvalidObjectState", ObjectStoreError.Invalid, "archived (Glacier)")]
    [InlineData("400 Bad Request", "AuthorizationHeaderMalformed", ObjectStoreError.Invalid, "does not accept the region 'us-east-1'")]
    [InlineData("405 Method Not Allowed", "MethodNotAllowed", ObjectStoreError.NotFound, "delete marker")]
    [InlineData("400 Bad Request", "InvalidRequest", ObjectStoreError.Invalid, "(400 InvalidRequest): In the store's words")]
    [InlineData("501 Not Implemented", "NotImplemented", ObjectStoreError.Invalid, "(501 NotImplemented)")]
    public async Task A_refusal_becomes_a_kind_and_a_sentence(string status, string code, ObjectStoreError kind, string sentence)
    {
        await using var server = InTurn(Error(status, code, "In the store's words."));
        var e = await ReadFailsAsync(Store(server));

        Assert.Equal(kind, e.Error);
        Assert.False(e.IsTransient);
        Assert.False(e.IsDoubtful, "the store means it");
        Assert.Contains("s3://bucket/disk.img", e.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(Credentials.SecretKey, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Credentials.AccessKey, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("503 Slow Down", "SlowDown")]
    [InlineData("503 Service Unavailable", "ServiceUnavailable")]
    [InlineData("500 Internal Server Error", "InternalError")]
    [InlineData("502 Bad Gateway", "")]
    [InlineData("429 Too Many Requests", "TooManyRequests")]
    [InlineData("400 Bad Request", "RequestTimeout")]
    [InlineData("409 Conflict", "OperationAborted")]
    public async Task Trouble_that_may_pass_is_transient_and_keeps_the_time_to_wait(string status, string code)
    {
        await using var server = InTurn(Error(status, code, headers: "Retry-After: 7"));
        var e = await ReadFailsAsync(Store(server));

        Assert.Equal((ObjectStoreError.Unavailable, true, TimeSpan.FromSeconds(7)), (e.Error, e.IsTransient, e.RetryAfter));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_busy_store_is_not_asked_twice_for_one_head()
    {
        await using var server = InTurn(Answer("503 Slow Down"));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(async () => await Store(server).HeadAsync("k", null, Token));

        Assert.True(e.IsTransient);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_refused_anonymous_request_says_what_to_do()
    {
        await using var server = InTurn(Error("403 Forbidden", "AccessDenied"));
        var e = await ReadFailsAsync(Store(server, credentials: new AnonymousCredentials()));

        Assert.Equal(ObjectStoreError.AccessDenied, e.Error);
        Assert.Contains("private or does not exist; give credentials and leave out --no-sign-request", e.Message, StringComparison.Ordinal);
        Assert.All(server.Requests, request => Assert.Null(request["Authorization"]));
    }

    [Theory]
    [InlineData("<html><body>Not found</body></html>")]
    [InlineData("not even markup")]
    [InlineData("<Error><Code>NoSuch")]
    [InlineData("<!DOCTYPE Error [<!ENTITY a \"NoSuchKey\">]><Error><Code>&a;</Code></Error>")]
    [InlineData("")]
    public async Task A_404_that_is_not_in_the_words_of_S3_is_no_missing_object(string body)
    {
        await using var server = InTurn(Answer("404 Not Found", body: body));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(async () => await Store(server).HeadAsync("k", null, Token));

        Assert.Equal(ObjectStoreError.Invalid, e.Error);
        Assert.Contains("answered 404 without an S3 error; is it an S3 endpoint?", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsDoubtful);
    }

    [Fact]
    public async Task A_long_message_of_the_store_is_one_line_and_cut()
    {
        await using var server = InTurn(Error("400 Bad Request", "Odd", "line one\n  line two " + new string('x', 5000)));
        var e = await ReadFailsAsync(Store(server));

        Assert.Contains("line one line two", e.Message, StringComparison.Ordinal);
        Assert.InRange(e.Message.Length, 300, 500);
    }

    [Fact]
    public async Task A_redirect_to_a_place_that_is_not_followed_names_it()
    {
        await using var server = InTurn(
            Error("301 Moved Permanently", "PermanentRedirect", elements: "<Endpoint>other.zone.example</Endpoint>"));
        var e = await ReadFailsAsync(Store(server));

        Assert.Equal(ObjectStoreError.Invalid, e.Error);
        Assert.Contains("'other.zone.example'", e.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1")]
    [InlineData("bucket.s3-eu-west-1.amazonaws.com", "eu-west-1")]
    [InlineData("s3.cn-north-1.amazonaws.com.cn", "cn-north-1")]
    [InlineData("bucket.s3.amazonaws.com", null)]
    [InlineData("s3.amazonaws.com", null)]
    [InlineData("other.example", null)]
    [InlineData(null, null)]
    public void The_region_in_a_host_name_of_aws_is_recognised(string? host, string? region) =>
        Assert.Equal(region, S3Error.RegionOfHost(host));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<ObjectStoreException> ReadFailsAsync(S3ObjectStore store) =>
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.OpenReadAsync(Pin, new ObjectRange(0, 5), Token));
}
