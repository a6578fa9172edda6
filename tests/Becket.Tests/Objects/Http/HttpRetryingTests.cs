using System.Globalization;
using System.Text;
using Becket.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Tests.Objects.StoreCalls;

namespace Becket.Tests.Objects.Http;

/// <summary>Retries over HTTP: of servers that break off or answer badly for a moment; and the answers that are believed at once.</summary>
public sealed class HttpRetryingTests : IDisposable
{
    private readonly ServedObject _object = new();

    public void Dispose() => _object.Dispose();

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
                await _object.AnswerAsync(request, connection);
                return;
            }
            var answer = Encoding.Latin1.GetBytes(_object.Answer(request, "\"one\"", modified: null));
            await connection.SendAsync(answer.AsMemory(0, answer.Length - (request.RangeLast - request.RangeStart + 1) + after));
            connection.Reset();
        });
        await using var store = new RetryingObjectStore(
            _object.Store(server.Url()), new RetryPolicy { FirstPause = TimeSpan.Zero }, TimeProvider.System, NullLogger.Instance);
        var info = await store.FindAsync("disk.img");
        Assert.Equal(_object.Bytes, await store.ReadAsync(info.Pin, new ObjectRange(0, 5000)));
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
            var answer = _object.Answer(request, "\"one\"", modified: null);
            if (request.Method == "GET" && Interlocked.Decrement(ref bad) >= 0)
            {
                Assert.Contains(part, answer, StringComparison.Ordinal);
                // Other bytes: whoever used them would be seen.
                answer = answer[..^100].Replace(part, instead, StringComparison.Ordinal) + new string('?', 100);
            }
            await connection.SendAsync(Encoding.Latin1.GetBytes(answer));
        });
        await using var store = Doubting(server);
        var info = await store.FindAsync("disk.img");
        await store.ReadAsync(info.Pin, new ObjectRange(0, 100));
        bad = 3;
        Assert.Equal(_object.Bytes[..100], await store.ReadAsync(info.Pin, new ObjectRange(0, 100)));
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
                await _object.AnswerAsync(request, connection);
                return;
            }
            var range = string.Create(CultureInfo.InvariantCulture, $"{request.RangeStart}-{request.RangeLast}/{_object.Bytes.Length}");
            var header = $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {range}\r\nETag: \"one\"\r\n\r\n";
            await connection.SendAsync(Encoding.Latin1.GetBytes(header));
            await connection.SendAsync(_object.Bytes);
            connection.Close();
        });
        await using var store = Doubting(server);
        var info = await store.FindAsync("disk.img");
        Assert.Equal(_object.Bytes[1000..1100], await store.ReadAsync(info.Pin, new ObjectRange(1000, 100)));
        Assert.Equal(5, server.Requests.Count);
    }

    [Theory]
    [InlineData("412 Precondition Failed", ObjectStoreError.Changed)]
    [InlineData("404 Not Found", ObjectStoreError.NotFound)]
    [InlineData("403 Forbidden", ObjectStoreError.AccessDenied)]
    public async Task Retrying_believes_a_refusal_at_once(string status, ObjectStoreError error)
    {
        await using var server = new RawHttpServer((request, connection) => request.Method == "HEAD"
            ? _object.AnswerAsync(request, connection)
            : connection.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        await using var store = Doubting(server);
        var info = await store.FindAsync("disk.img");
        await FailsAsync(error, () => store.ReadAsync(info.Pin, new ObjectRange(0, 100)));
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("200 OK", "\"one\"", ObjectStoreError.BadAnswer)]
    [InlineData("206 Partial Content", "\"two\"", ObjectStoreError.Changed)]
    public async Task Retrying_believes_a_server_that_has_not_sent_a_range_yet(string status, string etag, ObjectStoreError error)
    {
        await using var server = new RawHttpServer((request, connection) => request.Method == "HEAD"
            ? _object.AnswerAsync(request, connection)
            : connection.SendAsync(
                _object.Answer(request, etag, modified: null).Replace("206 Partial Content", status, StringComparison.Ordinal)));
        await using var store = Doubting(server);
        var info = await store.FindAsync("disk.img");
        await FailsAsync(error, () => store.ReadAsync(info.Pin, new ObjectRange(0, 100)));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Retrying_does_not_doubt_a_server_without_ranges_when_an_object_is_opened()
    {
        await using var server = RawHttpServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        await using var store = Doubting(server);
        await FailsAsync(ObjectStoreError.BadAnswer, () => store.FindAsync("disk.img"));
        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method), StringComparer.Ordinal);
    }

    private RetryingObjectStore Doubting(RawHttpServer server) => new(
        _object.Store(server.Url()),
        new RetryPolicy { FirstPause = TimeSpan.Zero, FirstDoubtPause = TimeSpan.Zero },
        TimeProvider.System,
        NullLogger.Instance);
}
