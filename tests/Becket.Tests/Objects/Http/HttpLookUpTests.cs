using Becket.Objects;
using static Becket.Tests.Objects.StoreCalls;

namespace Becket.Tests.Objects.Http;

/// <summary>What is asked when an object is looked up, also of a server that refuses HEAD, and what is made of the answers.</summary>
public sealed class HttpLookUpTests : IDisposable
{
    private readonly ServedObject _object = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _object.Dispose();

    [Fact]
    public async Task An_object_is_looked_up_with_one_HEAD_and_read_with_one_GET()
    {
        await using var server = new RawHttpServer(_object.AnswerAsync);
        var store = _object.Store(server.Url("/images/disk.img"));
        var info = await store.FindAsync(store.Key);
        Assert.Equal(("images/disk.img", 5000L, "\"one\""), (info.Key, info.Size, info.ETag));
        Assert.Equal("application/x-raw", info.ContentType);
        Assert.Equal(new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), info.LastModified);
        Assert.Equal(_object.Bytes[100..350], await store.ReadAsync(info.Pin, new ObjectRange(100, 250)));

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
                await _object.AnswerAsync(request, connection);
                return;
            }
            await connection.SendAsync($"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
            connection.Close();
        });
        var store = _object.Store(server.Url("/disk.img?X-Amz-Signature=secret"));
        var info = await store.FindAsync(store.Key);
        Assert.Equal((5000L, "\"one\""), (info.Size, info.ETag));
        Assert.Equal("bytes=0-0", server.Requests.Last()["Range"]);
        Assert.Equal(_object.Bytes, await store.ReadAsync(info.Pin, new ObjectRange(0, 5000)));
    }

    [Fact]
    public async Task A_server_that_is_silent_about_ranges_is_asked_for_one_byte()
    {
        await using var server = new RawHttpServer((request, connection) =>
            request.Method == "GET"
                ? _object.AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"));
        Assert.Equal(5000, (await _object.LookUpAsync(server.Url())).Size);
        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nAccept-Ranges: none\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
    public async Task A_server_without_ranges_is_refused_with_a_clear_sentence(string head)
    {
        await using var server = new RawHttpServer((request, connection) =>
            connection.SendAsync(request.Method == "GET" ? head + "hello" : head));
        var e = await FailsAsync(ObjectStoreError.BadAnswer, () => _object.LookUpAsync(server.Url()));
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
        Assert.Equal(0, (await _object.LookUpAsync(server.Url())).Size);
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_null()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        var store = _object.Store(server.Url());
        Assert.Null(await store.HeadAsync(store.Key, null, Cancelled));
    }

    [Fact]
    public async Task An_object_that_is_not_this_URLs_is_null()
    {
        var store = _object.Store(new Uri("http://127.0.0.1:1/disk.img"));
        Assert.Null(await store.HeadAsync("other.img", null, Cancelled));
    }
}
