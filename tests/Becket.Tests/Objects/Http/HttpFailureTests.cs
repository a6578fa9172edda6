using System.Buffers;
using Becket.Objects;
using static Becket.Tests.Objects.StoreCalls;

namespace Becket.Tests.Objects.Http;

/// <summary>How a call fails: refusals in words without secrets, an object that was replaced, and what no URL can do.</summary>
public sealed class HttpFailureTests : IDisposable
{
    private readonly ServedObject _object = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _object.Dispose();

    [Theory]
    [InlineData("401 Unauthorized", ObjectStoreError.AccessDenied, false)]
    [InlineData("403 Forbidden", ObjectStoreError.AccessDenied, false)]
    [InlineData("404 Not Found", ObjectStoreError.NotFound, false)]
    [InlineData("410 Gone", ObjectStoreError.NotFound, false)]
    [InlineData("412 Precondition Failed", ObjectStoreError.Changed, false)]
    [InlineData("418 I'm a teapot", ObjectStoreError.Invalid, false)]
    [InlineData("429 Too Many Requests", ObjectStoreError.Unavailable, true)]
    [InlineData("500 Internal Server Error", ObjectStoreError.Unavailable, true)]
    [InlineData("502 Bad Gateway", ObjectStoreError.Unavailable, true)]
    [InlineData("503 Service Unavailable", ObjectStoreError.Unavailable, true)]
    public async Task A_refusal_becomes_a_sentence_without_secrets(string status, ObjectStoreError error, bool transient)
    {
        await using var server = RawHttpServer.Answering($"HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        var url = new UriBuilder(server.Url("/disk.img?X-Amz-Signature=d34db33f")) { UserName = "anna", Password = "hunter2" }.Uri;
        var pin = new ObjectPin("disk.img", "\"one\"", null);
        var e = await FailsAsync(error, () => _object.Store(url).ReadAsync(pin, new ObjectRange(0, 1)));
        Assert.Equal(transient, e.IsTransient);
        Assert.Equal(transient ? TimeSpan.FromSeconds(7) : null, e.RetryAfter);
        Assert.Contains($"http://127.0.0.1:{server.Port}/disk.img", e.Message);
        foreach (var secret in new[] { "d34db33f", "anna", "hunter2" })
            Assert.DoesNotContain(secret, e.ToString());
    }

    [Fact]
    public async Task A_date_to_retry_after_is_measured_by_the_servers_own_clock()
    {
        await using var server = RawHttpServer.Answering(
            "HTTP/1.1 503 Busy\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
            + "Retry-After: Sun, 22 Nov 2026 10:00:09 GMT\r\nContent-Length: 0\r\n\r\n");
        var e = await FailsAsync(ObjectStoreError.Unavailable, () => _object.LookUpAsync(server.Url()));
        Assert.Equal(TimeSpan.FromSeconds(9), e.RetryAfter);
    }

    [Theory]
    [InlineData("W/\"one\"", "W/\"two\"", null, null)]
    [InlineData(null, null, "Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:01 GMT")]
    [InlineData("W/\"one\"", "W/\"one\"", "Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:01 GMT")]
    [InlineData(null, null, "Sun, 22 Nov 2026 10:00:00 GMT", null)]
    public async Task Without_a_strong_ETag_what_the_server_says_is_compared(
        string? etag, string? otherETag, string? modified, string? otherModified)
    {
        var (nowETag, nowModified) = (etag, modified);
        await using var server = new RawHttpServer((request, connection) => _object.AnswerAsync(request, connection, nowETag, nowModified));
        var store = _object.Store(server.Url());
        var info = await store.FindAsync(store.Key);
        Assert.Equal(_object.Bytes[..9], await store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
        Assert.Null(server.Requests.Last()["If-Match"]);

        (nowETag, nowModified) = (otherETag, otherModified);
        await FailsAsync(ObjectStoreError.Changed, () => store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
        // Looking it up again does not make the old pin valid for the new object.
        await store.HeadAsync(store.Key, null, Cancelled);
        await FailsAsync(ObjectStoreError.Changed, () => store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
    }

    [Fact]
    public async Task Without_any_name_of_its_state_an_object_of_another_size_is_noticed()
    {
        var size = 5000;
        await using var server = new RawHttpServer((request, connection) => connection.SendAsync(request.Method == "HEAD"
            ? $"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {size}\r\n\r\n"
            : $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/{size}\r\nContent-Length: 5\r\n\r\nhello"));
        var store = _object.Store(server.Url());
        var info = await store.FindAsync(store.Key);
        Assert.Equal("hello"u8.ToArray(), await store.ReadAsync(info.Pin, new ObjectRange(0, 5)));
        size = 5001;
        await FailsAsync(ObjectStoreError.Changed, () => store.ReadAsync(info.Pin, new ObjectRange(0, 5)));
    }

    [Fact]
    public async Task An_object_behind_a_URL_cannot_be_changed_or_listed()
    {
        var store = _object.Store(new Uri("http://127.0.0.1:1/disk.img"));
        await FailsAsync(
            ObjectStoreError.Invalid,
            () => store.PutAsync("disk.img", ReadOnlySequence<byte>.Empty, PutCondition.Always, Cancelled).AsTask());
        await FailsAsync(ObjectStoreError.Invalid, () => store.DeleteAsync("disk.img", Cancelled).AsTask());
        await FailsAsync(ObjectStoreError.Invalid, async () => await store.ListAsync("", Cancelled).ToListAsync(Cancelled));
    }
}
