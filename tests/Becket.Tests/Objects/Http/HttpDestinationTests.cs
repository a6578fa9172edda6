using System.Text;
using Becket.Objects;
using static Becket.Tests.Objects.StoreCalls;

namespace Becket.Tests.Objects.Http;

/// <summary>Where a request goes: the URL as it was given, redirects, and the one server that is told the password.</summary>
public sealed class HttpDestinationTests : IDisposable
{
    private readonly ServedObject _object = new();

    public void Dispose() => _object.Dispose();

    [Fact]
    public async Task User_and_password_go_to_their_server_only_and_never_into_names()
    {
        await using var target = new RawHttpServer(_object.AnswerAsync);
        await using var server = RawHttpServer.Answering(
            $"HTTP/1.1 302 Found\r\nLocation: {target.Url("/real")}\r\nContent-Length: 0\r\n\r\n");
        var store = _object.Store(new UriBuilder(server.Url("/disk.img")) { UserName = "anna", Password = "p%C3%A4ss:word" }.Uri);
        await store.FindAsync(store.Key);
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
        await using var server = new RawHttpServer(_object.AnswerAsync);
        var url = new Uri(
            server.Url().GetLeftPart(UriPartial.Authority) + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        await _object.LookUpAsync(url);
        Assert.All(server.Requests, request => Assert.Equal(target, request.Target));
    }

    [Fact]
    public void A_URL_of_another_scheme_is_refused()
    {
        var e = Assert.Throws<ObjectStoreException>(() => _object.Store(new Uri("ftp://host/disk.img")));
        Assert.Equal(ObjectStoreError.Invalid, e.Error);
    }

    [Fact]
    public async Task A_redirect_is_followed_once_and_its_target_kept()
    {
        await using var server = new RawHttpServer((request, connection) => request.Target switch
        {
            "/disk.img" => connection.SendAsync("HTTP/1.1 301 Moved\r\nLocation: other?x=1\r\nContent-Length: 0\r\n\r\n"),
            "/other?x=1" => connection.SendAsync("HTTP/1.1 307 Moved\r\nLocation: /final?signature=1\r\nContent-Length: 0\r\n\r\n"),
            _ => _object.AnswerAsync(request, connection),
        });
        var store = _object.Store(server.Url());
        var info = await store.FindAsync(store.Key);
        for (var i = 0; i < 5; i++)
            Assert.Equal(_object.Bytes[i..(i + 9)], await store.ReadAsync(info.Pin, new ObjectRange(i, 9)));
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
                ? _object.AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 403 Expired\r\nContent-Length: 0\r\n\r\n");
        });
        var store = _object.Store(server.Url());
        var info = await store.FindAsync(store.Key);
        generation = 2;
        Assert.Equal(_object.Bytes[..9], await store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
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
                ? _object.AnswerAsync(request, connection)
                : connection.SendAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        });
        var store = _object.Store(server.Url());
        var info = await store.FindAsync(store.Key);
        healthy = "b";
        await FailsAsync(ObjectStoreError.Unavailable, () => store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
        Assert.Equal(_object.Bytes[..9], await store.ReadAsync(info.Pin, new ObjectRange(0, 9)));
    }

    [Fact]
    public async Task A_redirect_to_something_that_is_not_http_is_not_followed()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
        await FailsAsync(ObjectStoreError.BadAnswer, () => _object.LookUpAsync(server.Url()));
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 302 Found\r\nLocation: /disk.img\r\nContent-Length: 0\r\n\r\n");
        await FailsAsync(ObjectStoreError.BadAnswer, () => _object.LookUpAsync(server.Url()));
        Assert.Equal(11, server.Requests.Count);
    }
}
