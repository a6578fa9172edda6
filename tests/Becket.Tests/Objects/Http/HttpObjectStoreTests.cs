using System.Buffers;
using System.Globalization;
using System.Text;
using Becket.Objects;
using Becket.Objects.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Objects.Http;

public sealed class HttpObjectStoreTests : IDisposable
{
    private readonly HttpMessageInvoker _http = HttpTransport.Create(new HttpTransportOptions());
    private readonly byte[] _bytes = Enumerable.Range(0, 5000).Select(i => (byte)(i % 251)).ToArray();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task An_object_is_looked_up_with_one_HEAD_and_read_with_one_GET()
    {
        await using var server = new RawHttpServer(AnswerAsync);
        var store = Store(server.Url("/images/disk.img"));
        var info = await HeadAsync(store);
        Assert.Equal(("images/disk.img", 5000L, "\"one\""), (info.Key, info.Size, info.ETag));
        Assert.Equal("application/x-raw", info.ContentType);
        Assert.Equal(new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), info.LastModified);
        Assert.Equal(_bytes[100..350], await ReadAsync(store, info.Pin, new ObjectRange(100, 250)));

        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method), StringComparer.Ordinal);
        var get = server.Requests.Last();
        Assert.Equal("bytes=100-349", get["Range"]);
        Assert.Equal("\"one\"", get["If-Match"]);
        Assert.Equal("identity", get["Accept-Encoding"]);
        Assert.StartsWith("becket/", get["User-Agent"]);
    }

    [Theory]
    [InlineData("403 Forbidden")]
    [InlineData("404 Not Found")]
    [InlineData("405 Method Not Allowed")]
    [InlineData("501 Not Implemented")]
    [InlineData("200 OK")] // without a Content-Length
    public async Task A_server_that_refuses_HEAD_is_asked_for_one_byte(string status)
    {
        await using var server = new RawHttpServer(async (request, connection) =>
        {
            if (request.Method == "GET")
            {
                await AnswerAsync(request, connection);
                return;
            }
            await connection.SendAsync($"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
            connection.Close();
        });
        var store = Store(server.Url("/disk.img?X-Amz-Signature=secret"));
        var info = await HeadAsync(store);
        Assert.Equal((5000L, "\"one\""), (info.Size, info.ETag));
        Assert.Equal("bytes=0-0", server.Requests.Last()["Range"]);
        Assert.Equal(_bytes, await ReadAsync(store, info.Pin, new ObjectRange(0, 5000)));
    }

    [Fact]
    public async Task A_server_that_is_silent_about_ranges_is_asked_for_one_byte()
    {
        await using var server = new RawHttpServer((request, connection) =>
            request.Method == "GET"
                ? AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"));
        Assert.Equal(5000, (await HeadAsync(Store(server.Url()))).Size);
        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nAccept-Ranges: none\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
    public async Task A_server_without_ranges_is_refused_with_a_clear_sentence(string head)
    {
        await using var server = new RawHttpServer((request, connection) =>
            connection.SendAsync(request.Method == "GET" ? head + "hello" : head));
        var e = await FailsAsync(ObjectStoreError.BadAnswer, () => HeadAsync(Store(server.Url())));
        Assert.Contains("does not support ranged requests", e.Message);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    public async Task An_empty_object_is_found_empty(string head, string get)
    {
        await using var server = new RawHttpServer((request, connection) => connection.SendAsync(request.Method == "GET" ? get : head));
        Assert.Equal(0, (await HeadAsync(Store(server.Url()))).Size);
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_null()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        var store = Store(server.Url());
        Assert.Null(await store.HeadAsync(store.Key, null, Cancelled));
    }

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
        var e = await FailsAsync(error, () => ReadAsync(Store(url), new ObjectPin("disk.img", "\"one\"", null), new ObjectRange(0, 1)));
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
        var e = await FailsAsync(ObjectStoreError.Unavailable, () => HeadAsync(Store(server.Url())));
        Assert.Equal(TimeSpan.FromSeconds(9), e.RetryAfter);
    }

    [Fact]
    public async Task User_and_password_go_to_their_server_only_and_never_into_names()
    {
        await using var target = new RawHttpServer(AnswerAsync);
        await using var server = RawHttpServer.Answering(
            $"HTTP/1.1 302 Found\r\nLocation: {target.Url("/real")}\r\nContent-Length: 0\r\n\r\n");
        var store = Store(new UriBuilder(server.Url("/disk.img")) { UserName = "anna", Password = "p%C3%A4ss:word" }.Uri);
        await HeadAsync(store);
        Assert.Equal(
            "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("anna:päss:word")), Assert.Single(server.Requests)["Authorization"]);
        Assert.Null(Assert.Single(target.Requests)["Authorization"]);
        Assert.Equal($"http://127.0.0.1:{server.Port}", store.Name);
    }

    [Theory]
    [InlineData("/a%2Fb%7e//c/../disk.img?X-Signature=%2b%7E&empty=")]
    [InlineData("/disk.img?b=2&a=1")]
    public async Task Path_and_query_are_sent_as_they_were_given_because_they_may_be_signed(string target)
    {
        await using var server = new RawHttpServer(AnswerAsync);
        var url = new Uri(
            server.Url().GetLeftPart(UriPartial.Authority) + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        await HeadAsync(Store(url));
        Assert.All(server.Requests, request => Assert.Equal(target, request.Target));
    }

    [Fact]
    public async Task A_redirect_is_followed_once_and_its_target_kept()
    {
        await using var server = new RawHttpServer((request, connection) => request.Target switch
        {
            "/disk.img" => connection.SendAsync("HTTP/1.1 301 Moved\r\nLocation: other?x=1\r\nContent-Length: 0\r\n\r\n"),
            "/other?x=1" => connection.SendAsync("HTTP/1.1 307 Moved\r\nLocation: /final?signature=1\r\nContent-Length: 0\r\n\r\n"),
            _ => AnswerAsync(request, connection),
        });
        var store = Store(server.Url());
        var info = await HeadAsync(store);
        for (var i = 0; i < 5; i++)
            Assert.Equal(_bytes[i..(i + 9)], await ReadAsync(store, info.Pin, new ObjectRange(i, 9)));
        Assert.Equal(
            ["/disk.img", "/other?x=1", .. Enumerable.Repeat("/final?signature=1", 6)],
            server.Requests.Select(request => request.Target),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_redirect_whose_target_expired_is_resolved_again()
    {
        var generation = 1;
        await using var server = new RawHttpServer((request, connection) =>
        {
            if (request.Target == "/disk.img")
                return connection.SendAsync($"HTTP/1.1 302 Found\r\nLocation: /signed?{generation}\r\nContent-Length: 0\r\n\r\n");
            return request.Target == $"/signed?{generation}"
                ? AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 403 Expired\r\nContent-Length: 0\r\n\r\n");
        });
        var store = Store(server.Url());
        var info = await HeadAsync(store);
        generation = 2;
        Assert.Equal(_bytes[..9], await ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
        Assert.Equal(
            ["/disk.img", "/signed?1", "/signed?1", "/disk.img", "/signed?2"],
            server.Requests.Select(request => request.Target),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_redirect_whose_target_is_in_trouble_is_resolved_again_by_the_next_attempt()
    {
        var healthy = "a";
        await using var server = new RawHttpServer((request, connection) =>
        {
            if (request.Target == "/disk.img")
                return connection.SendAsync($"HTTP/1.1 302 Found\r\nLocation: /{healthy}\r\nContent-Length: 0\r\n\r\n");
            return request.Target == $"/{healthy}"
                ? AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        });
        var store = Store(server.Url());
        var info = await HeadAsync(store);
        healthy = "b";
        await FailsAsync(ObjectStoreError.Unavailable, () => ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
        Assert.Equal(_bytes[..9], await ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
    }

    [Fact]
    public async Task A_redirect_to_something_that_is_not_http_is_not_followed()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
        await FailsAsync(ObjectStoreError.BadAnswer, () => HeadAsync(Store(server.Url())));
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 302 Found\r\nLocation: /disk.img\r\nContent-Length: 0\r\n\r\n");
        await FailsAsync(ObjectStoreError.BadAnswer, () => HeadAsync(Store(server.Url())));
        Assert.Equal(11, server.Requests.Count);
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
        await using var server = new RawHttpServer((request, connection) => AnswerAsync(request, connection, nowETag, nowModified));
        var store = Store(server.Url());
        var info = await HeadAsync(store);
        Assert.Equal(_bytes[..9], await ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
        Assert.Null(server.Requests.Last()["If-Match"]);

        (nowETag, nowModified) = (otherETag, otherModified);
        await FailsAsync(ObjectStoreError.Changed, () => ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
        // Looking it up again does not make the old pin valid for the new object.
        await store.HeadAsync(store.Key, null, Cancelled);
        await FailsAsync(ObjectStoreError.Changed, () => ReadAsync(store, info.Pin, new ObjectRange(0, 9)));
    }

    [Fact]
    public async Task Without_any_name_of_its_state_an_object_of_another_size_is_noticed()
    {
        var size = 5000;
        await using var server = new RawHttpServer((request, connection) => connection.SendAsync(request.Method == "HEAD"
            ? $"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {size}\r\n\r\n"
            : $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/{size}\r\nContent-Length: 5\r\n\r\nhello"));
        var store = Store(server.Url());
        var info = await HeadAsync(store);
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(store, info.Pin, new ObjectRange(0, 5)));
        size = 5001;
        await FailsAsync(ObjectStoreError.Changed, () => ReadAsync(store, info.Pin, new ObjectRange(0, 5)));
    }

    [Fact]
    public async Task An_object_that_is_not_this_URLs_is_null()
    {
        var store = Store(new Uri("http://127.0.0.1:1/disk.img"));
        Assert.Null(await store.HeadAsync("other.img", null, Cancelled));
    }

    [Fact]
    public async Task An_object_behind_a_URL_cannot_be_changed_or_listed()
    {
        var store = Store(new Uri("http://127.0.0.1:1/disk.img"));
        await FailsAsync(
            ObjectStoreError.Invalid,
            () => store.PutAsync("disk.img", ReadOnlySequence<byte>.Empty, PutCondition.Always, Cancelled).AsTask());
        await FailsAsync(ObjectStoreError.Invalid, () => store.DeleteAsync("disk.img", Cancelled).AsTask());
        await FailsAsync(ObjectStoreError.Invalid, async () => await store.ListAsync("", Cancelled).ToListAsync(Cancelled));
    }

    [Fact]
    public void A_URL_of_another_scheme_is_refused() =>
        Assert.Equal(ObjectStoreError.Invalid, Assert.Throws<ObjectStoreException>(() => Store(new Uri("ftp://host/disk.img"))).Error);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1500)]
    public async Task Retrying_reads_every_byte_from_a_server_that_breaks_off(int after)
    {
        var broken = 0;
        await using var server = new RawHttpServer(async (request, connection) =>
        {
            if (request.Method == "HEAD" || request.RangeLast - request.RangeStart < after || Interlocked.Increment(ref broken) > 3)
            {
                await AnswerAsync(request, connection);
                return;
            }
            var answer = Encoding.Latin1.GetBytes(Answer(request, "\"one\"", modified: null));
            await connection.SendAsync(answer.AsMemory(0, answer.Length - (request.RangeLast - request.RangeStart + 1) + after));
            connection.Reset();
        });
        await using var store = new RetryingObjectStore(
            Store(server.Url()), new RetryPolicy { FirstPause = TimeSpan.Zero }, TimeProvider.System, NullLogger.Instance);
        var info = await HeadAsync(store, "disk.img");
        Assert.Equal(_bytes, await ReadAsync(store, info.Pin, new ObjectRange(0, 5000)));
        Assert.True(broken >= 3);
    }

    [Theory]
    [InlineData("206 Partial Content", "200 OK")]
    [InlineData("206 Partial Content", "416 Range Not Satisfiable")]
    [InlineData("Content-Range: bytes 0-99", "Content-Range: bytes 1-100")]
    [InlineData("ETag: \"one\"", "ETag: \"two\"")]
    [InlineData("ETag: \"one\"\r\n", "")]
    [InlineData("ETag: \"one\"", "ETag: \"one\"\r\nContent-Encoding: br")]
    [InlineData("HTTP/1.1 206", "ICY 200")]
    public async Task Retrying_sees_through_a_proxy_that_answers_badly_for_a_moment(string part, string instead)
    {
        var bad = 0;
        await using var server = new RawHttpServer(async (request, connection) =>
        {
            var answer = Answer(request, "\"one\"", modified: null);
            if (request.Method == "GET" && Interlocked.Decrement(ref bad) >= 0)
            {
                Assert.Contains(part, answer, StringComparison.Ordinal);
                // Other bytes: whoever used them would be seen.
                answer = answer[..^100].Replace(part, instead, StringComparison.Ordinal) + new string('?', 100);
            }
            await connection.SendAsync(Encoding.Latin1.GetBytes(answer));
        });
        await using var store = Doubting(server);
        var info = await HeadAsync(store, "disk.img");
        await ReadAsync(store, info.Pin, new ObjectRange(0, 100));
        bad = 3;
        Assert.Equal(_bytes[..100], await ReadAsync(store, info.Pin, new ObjectRange(0, 100)));
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task Retrying_uses_no_byte_of_a_whole_object_that_is_called_a_range()
    {
        var bad = 3;
        await using var server = new RawHttpServer(async (request, connection) =>
        {
            if (request.Method == "HEAD" || Interlocked.Decrement(ref bad) < 0)
            {
                await AnswerAsync(request, connection);
                return;
            }
            var range = string.Create(CultureInfo.InvariantCulture, $"{request.RangeStart}-{request.RangeLast}/{_bytes.Length}");
            var header = $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {range}\r\nETag: \"one\"\r\n\r\n";
            await connection.SendAsync(Encoding.Latin1.GetBytes(header));
            await connection.SendAsync(_bytes);
            connection.Close();
        });
        await using var store = Doubting(server);
        var info = await HeadAsync(store, "disk.img");
        Assert.Equal(_bytes[1000..1100], await ReadAsync(store, info.Pin, new ObjectRange(1000, 100)));
        Assert.Equal(5, server.Requests.Count);
    }

    [Theory]
    [InlineData("412 Precondition Failed", ObjectStoreError.Changed)]
    [InlineData("404 Not Found", ObjectStoreError.NotFound)]
    [InlineData("403 Forbidden", ObjectStoreError.AccessDenied)]
    public async Task Retrying_believes_a_refusal_at_once(string status, ObjectStoreError error)
    {
        await using var server = new RawHttpServer((request, connection) => request.Method == "HEAD"
            ? AnswerAsync(request, connection)
            : connection.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        await using var store = Doubting(server);
        var info = await HeadAsync(store, "disk.img");
        await FailsAsync(error, () => ReadAsync(store, info.Pin, new ObjectRange(0, 100)));
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("200 OK", "\"one\"", ObjectStoreError.BadAnswer)]
    [InlineData("206 Partial Content", "\"two\"", ObjectStoreError.Changed)]
    public async Task Retrying_believes_a_server_that_has_not_sent_a_range_yet(string status, string etag, ObjectStoreError error)
    {
        await using var server = new RawHttpServer((request, connection) => request.Method == "HEAD"
            ? AnswerAsync(request, connection)
            : connection.SendAsync(Answer(request, etag, modified: null).Replace("206 Partial Content", status, StringComparison.Ordinal)));
        await using var store = Doubting(server);
        var info = await HeadAsync(store, "disk.img");
        await FailsAsync(error, () => ReadAsync(store, info.Pin, new ObjectRange(0, 100)));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Retrying_does_not_doubt_a_server_without_ranges_when_an_object_is_opened()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        await using var store = Doubting(server);
        await FailsAsync(ObjectStoreError.BadAnswer, () => HeadAsync(store, "disk.img"));
        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method), StringComparer.Ordinal);
    }

    private RetryingObjectStore Doubting(RawHttpServer server) => new(
        Store(server.Url()),
        new RetryPolicy { FirstPause = TimeSpan.Zero, FirstDoubtPause = TimeSpan.Zero },
        TimeProvider.System,
        NullLogger.Instance);

    private HttpObjectStore Store(Uri url) => new(url, _http, NullLogger.Instance);

    private Task AnswerAsync(RawRequest request, RawConnection connection) =>
        AnswerAsync(request, connection, "\"one\"", "Sun, 22 Nov 2026 10:00:00 GMT");

    private Task AnswerAsync(RawRequest request, RawConnection connection, string? etag, string? modified) =>
        connection.SendAsync(Encoding.Latin1.GetBytes(Answer(request, etag, modified)));

    /// <summary>What a proper server answers.</summary>
    private string Answer(RawRequest request, string? etag, string? modified)
    {
        var identity = (etag is null ? "" : $"ETag: {etag}\r\n")
            + (modified is null ? "" : $"Last-Modified: {modified}\r\n")
            + "Content-Type: application/x-raw\r\n";
        if (request.Method == "HEAD")
            return string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {_bytes.Length}\r\n{identity}\r\n");
        var (start, last) = (request.RangeStart, request.RangeLast);
        var body = Encoding.Latin1.GetString(_bytes, start, last - start + 1);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{_bytes.Length}\r\n"
            + $"Content-Length: {body.Length}\r\n{identity}\r\n{body}");
    }

    private static Task<ObjectInfo> HeadAsync(HttpObjectStore store) => HeadAsync(store, store.Key);

    private static async Task<ObjectInfo> HeadAsync(IObjectStore store, string key) =>
        await store.HeadAsync(key, null, Cancelled) ?? throw new InvalidOperationException("not found");

    private static async Task<byte[]> ReadAsync(IObjectStore store, ObjectPin pin, ObjectRange range)
    {
        await using var body = await store.OpenReadAsync(pin, range, Cancelled);
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, Cancelled);
        return bytes.ToArray();
    }

    private static async Task<ObjectStoreException> FailsAsync(ObjectStoreError error, Func<Task> call)
    {
        var e = await Assert.ThrowsAsync<ObjectStoreException>(call);
        Assert.Equal(error, e.Error);
        return e;
    }
}
