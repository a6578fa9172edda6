using System.Text;
using Becket.Objects;
using Becket.Objects.Http;

namespace Becket.Tests.Objects.Http;

/// <summary>Every way in which an answer to <c>Range: bytes=10-14</c> can be wrong, over a real connection.</summary>
public sealed class RangeAnswerTests
{
    private static readonly ObjectPin Pin = new("disk.img", "\"one\"", null);
    private static readonly ObjectRange Range = new(10, 5);

    private const string Good =
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-14/100\r\nContent-Length: 5\r\nETag: \"one\"\r\n\r\nhello";

    [Fact]
    public async Task The_range_of_the_pinned_object_is_read() => Assert.Equal("hello", await ReadAsync(Good));

    [Theory]
    [InlineData("bytes 10-14/100", "bytes 10-14/*")]
    [InlineData("bytes 10-14/100", "bytes 10-14/15")]
    [InlineData("ETag: \"one\"", "ETag: one")]
    [InlineData("ETag: \"one\"", "ETag: \"one\"\r\nContent-Encoding: identity")]
    [InlineData("Content-Length: 5\r\n", "")]
    public async Task Harmless_differences_are_accepted(string part, string instead) =>
        Assert.Equal("hello", await ReadAsync(Replace(part, instead)));

    [Fact]
    public async Task A_chunked_body_is_read() =>
        Assert.Equal("hello", await ReadAsync(Chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), AfterAnswer.KeepOpen));

    [Theory]
    [InlineData("bytes 10-14/100", "bytes 10-13/100")]
    [InlineData("bytes 10-14/100", "bytes 11-15/100")]
    [InlineData("bytes 10-14/100", "bytes 0-4/100")]
    [InlineData("bytes 10-14/100", "bytes 10-15/100")]
    [InlineData("bytes 10-14/100", "bytes +10-14/100")]
    [InlineData("bytes 10-14/100", "bytes 10-14")]
    [InlineData("bytes 10-14/100", "bytes */100")]
    [InlineData("bytes 10-14/100", "items 10-14/100")]
    [InlineData("bytes 10-14/100", "bytes 10-14/100, bytes 10-14/100")]
    [InlineData("Content-Range: bytes 10-14/100\r\n", "")]
    [InlineData("Content-Range: bytes 10-14/100\r\n", "Content-Range: bytes 10-14/100\r\nContent-Range: bytes 10-14/100\r\n")]
    [InlineData("Content-Length: 5", "Content-Length: 4")]
    [InlineData("Content-Length: 5", "Content-Length: 6")]
    [InlineData("206 Partial Content", "200 OK")]
    [InlineData("206 Partial Content", "204 No Content")]
    [InlineData("206 Partial Content", "416 Range Not Satisfiable")]
    [InlineData("ETag: \"one\"\r\n", "")]
    [InlineData("ETag: \"one\"", "ETag: \"one\"\r\nContent-Encoding: gzip")]
    [InlineData("ETag: \"one\"", "ETag: \"one\"\r\nContent-Type: multipart/byteranges; boundary=x")]
    public async Task An_answer_that_breaks_the_rules_is_no_data_and_is_doubted(string part, string instead) =>
        Assert.True((await FailsAsync(ObjectStoreError.BadAnswer, Replace(part, instead))).IsDoubtful);

    [Theory]
    [InlineData("ETag: \"one\"", "ETag: \"two\"")]
    [InlineData("ETag: \"one\"", "ETag: W/\"one\"")]
    [InlineData("bytes 10-14/100", "bytes 10-13/14")]
    public async Task An_answer_of_another_object_is_no_data_and_is_doubted(string part, string instead) =>
        Assert.True((await FailsAsync(ObjectStoreError.Changed, Replace(part, instead))).IsDoubtful);

    [Theory]
    [InlineData("412 Precondition Failed", "X: y")]
    [InlineData("416 Range Not Satisfiable", "Content-Range: bytes */7")]
    public async Task A_refusal_because_the_object_changed_is_believed(string status, string header) =>
        Assert.False(
            (await FailsAsync(ObjectStoreError.Changed, $"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\n\r\n")).IsDoubtful);

    [Fact]
    public async Task A_body_cut_short_is_transient_and_says_how_far_it_came()
    {
        var e = await FailsAsync(ObjectStoreError.Unavailable, Good[..^2], AfterAnswer.Close);
        Assert.True(e.IsTransient);
        Assert.Contains("after 3 of 5 bytes", e.Message);
    }

    [Fact]
    public async Task A_body_without_length_that_ends_early_is_transient()
    {
        var e = await FailsAsync(ObjectStoreError.Unavailable, Replace("Content-Length: 5\r\n", "")[..^2], AfterAnswer.Close);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task A_chunked_body_cut_short_is_transient()
    {
        var e = await FailsAsync(ObjectStoreError.Unavailable, Chunked("3\r\nhel\r\n0\r\n\r\n"), AfterAnswer.KeepOpen);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task A_body_broken_by_a_reset_is_transient()
    {
        var e = await FailsAsync(ObjectStoreError.Unavailable, Good[..^2], AfterAnswer.Reset);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task A_chunked_body_that_is_too_long_is_refused_and_doubted()
    {
        var e = await FailsAsync(ObjectStoreError.BadAnswer, Chunked("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), AfterAnswer.KeepOpen);
        Assert.True(e.IsDoubtful);
    }

    [Fact]
    public async Task A_body_without_length_that_is_too_long_is_refused_and_doubted()
    {
        var e = await FailsAsync(ObjectStoreError.BadAnswer, Replace("Content-Length: 5\r\n", "") + "!", AfterAnswer.Close);
        Assert.True(e.IsDoubtful);
    }

    [Theory]
    [InlineData("3\r\nhel\r\n0\r\n\r\n")]
    [InlineData("3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n")]
    public async Task No_byte_of_a_body_without_length_is_out_before_its_end_has_come(string chunks)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var server = RawHttpServer.Answering(Chunked(chunks));
        using var http = HttpTransport.Create(new HttpTransportOptions());
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url());
        var response = await http.SendAsync(request, cancellationToken);
        await using var body = await RangeAnswer.OpenAsync(response, "test://disk.img", Pin, Range, cancellationToken);
        await Assert.ThrowsAsync<ObjectStoreException>(() => body.ReadExactlyAsync(new byte[1], cancellationToken).AsTask());
    }

    [Fact]
    public async Task A_body_without_length_is_read_in_pieces_of_any_size()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var server = RawHttpServer.Answering(Chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"));
        using var http = HttpTransport.Create(new HttpTransportOptions());
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url());
        var response = await http.SendAsync(request, cancellationToken);
        await using var body = await RangeAnswer.OpenAsync(response, "test://disk.img", Pin, Range, cancellationToken);
        var bytes = new byte[9];
        Assert.Equal(3, await body.ReadAsync(bytes.AsMemory(0, 3), cancellationToken));
        Assert.Equal(2, await body.ReadAsync(bytes.AsMemory(3), cancellationToken));
        Assert.Equal(0, await body.ReadAsync(bytes.AsMemory(5), cancellationToken));
        Assert.Equal("hello", Encoding.Latin1.GetString(bytes[..5]));
    }

    [Fact]
    public async Task An_object_without_ETag_is_read_without_comparing_one()
    {
        await using var server = RawHttpServer.Answering(Good);
        Assert.Equal("hello", await ReadAsync(server, Pin with { ETag = null }));
    }

    public enum AfterAnswer
    {
        KeepOpen,
        Close,
        Reset,
    }

    private static string Replace(string part, string instead)
    {
        Assert.Contains(part, Good);
        return Good.Replace(part, instead);
    }

    private static string Chunked(string body) => Replace("Content-Length: 5", "Transfer-Encoding: chunked")[..^"hello".Length] + body;

    private static async Task<string> ReadAsync(string answer, AfterAnswer after = AfterAnswer.Close)
    {
        await using var server = new RawHttpServer(async (_, connection) =>
        {
            await connection.SendAsync(answer);
            switch (after)
            {
                case AfterAnswer.Close:
                    connection.Close();
                    break;
                case AfterAnswer.Reset:
                    connection.Reset();
                    break;
            }
        });
        return await ReadAsync(server, Pin);
    }

    private static async Task<string> ReadAsync(RawHttpServer server, ObjectPin pin)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var http = HttpTransport.Create(new HttpTransportOptions());
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url());
        var response = await http.SendAsync(request, cancellationToken);
        await using var body = await RangeAnswer.OpenAsync(response, "test://disk.img", pin, Range, cancellationToken);
        var bytes = new byte[Range.Length];
        await body.ReadExactlyAsync(bytes, cancellationToken);
        Assert.Equal(0, await body.ReadAsync(new byte[1], cancellationToken));
        return Encoding.Latin1.GetString(bytes);
    }

    private static async Task<ObjectStoreException> FailsAsync(ObjectStoreError error, string answer, AfterAnswer after = AfterAnswer.Close)
    {
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(answer, after));
        Assert.Equal(error, e.Error);
        Assert.Contains("test://disk.img", e.Message);
        return e;
    }
}
