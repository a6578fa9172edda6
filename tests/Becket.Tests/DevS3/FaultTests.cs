using System.Net;
using System.Net.Sockets;
using Becket.DevS3;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.DevS3;

public class FaultTests : DevS3Test
{
    private const int Size = 1_000_000;

    private readonly byte[] _content = Pattern(Size);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        PlaceByHand("x", _content);
    }

    [Fact]
    public async Task SlowDown_asks_for_patience_as_often_as_it_was_told()
    {
        Server.Faults.Add(new FaultRule(FaultKind.SlowDown) { Times = 2, RetryAfter = TimeSpan.FromSeconds(3) });
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage response = await GetRawAsync("x");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(3), response.Headers.RetryAfter!.Delta);
            Assert.Contains("<Code>SlowDown</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
        Assert.Equal(_content, await GetAsync("x"));
        Assert.Equal(2, Server.Faults.Injected(FaultKind.SlowDown));
    }

    [Fact]
    public async Task An_internal_error_is_a_500()
    {
        Server.Faults.Next(FaultKind.InternalError);
        using HttpResponseMessage response = await GetRawAsync("x");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Fact]
    public async Task A_reset_comes_in_place_of_an_answer()
    {
        Server.Faults.Next(FaultKind.Reset);
        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => GetRawAsync("x"));
        Assert.Equal(SocketError.ConnectionReset, SocketErrorOf(exception));
        Assert.Equal(_content, await GetAsync("x"));
    }

    [Fact]
    public async Task A_reset_in_the_body_comes_after_the_headers()
    {
        Server.Faults.Next(FaultKind.ResetInBody);
        using HttpResponseMessage response = await GetRawAsync("x");
        Assert.Equal(Size, response.Content.Headers.ContentLength);
        var exception = await Assert.ThrowsAnyAsync<IOException>(() => ReadToEndAsync(response));
        Assert.Equal(SocketError.ConnectionReset, SocketErrorOf(exception));
    }

    [Fact]
    public async Task A_reset_after_the_body_comes_after_its_last_byte()
    {
        Server.Faults.Next(FaultKind.ResetAfterBody);
        using HttpResponseMessage response = await GetRawAsync("x", "bytes=10-29");
        Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        byte[] received = new byte[20];
        await body.ReadExactlyAsync(received, Cancellation);
        Assert.Equal(_content[10..30], received);
        Assert.Equal(_content, await GetAsync("x")); // over another connection
    }

    [Fact]
    public async Task An_overlong_body_goes_on_after_the_bytes_that_were_asked_for()
    {
        Server.Faults.Next(FaultKind.Overlong);
        using HttpResponseMessage response = await GetRawAsync("x", "bytes=10-29");
        Assert.Equal($"bytes 10-29/{Size}", response.Content.Headers.ContentRange!.ToString());
        byte[] body = await response.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.Equal([.. _content[10..30], .. new byte[4096]], body);
    }

    [Theory]
    [InlineData(FaultKind.TooManyRequests, HttpStatusCode.TooManyRequests, "TooManyRequests")]
    [InlineData(FaultKind.AccessDenied, HttpStatusCode.Forbidden, "AccessDenied")]
    [InlineData(FaultKind.ExpiredToken, HttpStatusCode.BadRequest, "ExpiredToken")]
    public async Task A_refusal_is_in_the_words_of_S3(FaultKind kind, HttpStatusCode status, string code)
    {
        Server.Faults.Next(kind);
        await FailsAsync(status, code, () => GetAsync("x"));
        Assert.Equal(_content, await GetAsync("x"));
    }

    [Fact]
    public async Task A_rule_may_leave_out_Retry_After()
    {
        Server.Faults.Add(new FaultRule(FaultKind.SlowDown) { Times = 1, RetryAfter = null });
        using HttpResponseMessage response = await GetRawAsync("x");
        Assert.Null(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_rule_may_concern_one_access_key()
    {
        Server.Faults.Add(new FaultRule(FaultKind.ExpiredToken) { AccessKey = "ANOTHER" });
        Assert.Equal(_content, await GetAsync("x"));
        Server.Faults.Add(new FaultRule(FaultKind.ExpiredToken) { AccessKey = Server.AccessKey });
        await FailsAsync(HttpStatusCode.BadRequest, "ExpiredToken", () => GetAsync("x"));
    }

    [Theory]
    [InlineData("x", null, Size / 2)]
    [InlineData("x", "bytes=10-29", 10)]
    [InlineData("x", "bytes=0-0", 0)]
    public async Task A_truncated_body_is_half_of_what_was_promised_and_a_close(string key, string? range, int half)
    {
        Server.Faults.Next(FaultKind.Truncate);
        using HttpResponseMessage response = await GetRawAsync(key, range);
        Assert.True(response.IsSuccessStatusCode);
        Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        byte[] received = new byte[half];
        await body.ReadExactlyAsync(received, Cancellation);
        int offset = range is null or "bytes=0-0" ? 0 : 10;
        Assert.True(_content.AsSpan(offset, half).SequenceEqual(received));
        var exception = await Assert.ThrowsAsync<HttpIOException>(async () => await body.ReadExactlyAsync(new byte[1], Cancellation));
        Assert.Equal(HttpRequestError.ResponseEnded, exception.HttpRequestError);
    }

    [Fact]
    public async Task A_stalled_body_neither_goes_on_nor_ends()
    {
        Server.Faults.Next(FaultKind.Stall);
        using HttpResponseMessage response = await GetRawAsync("x");
        Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        await body.ReadExactlyAsync(new byte[Size / 2], Cancellation);
        ValueTask<int> next = body.ReadAsync(new byte[1], Cancellation);
        Assert.Equal(_content, await GetAsync("x")); // others are not held up, and meanwhile nothing comes
        Assert.False(next.IsCompleted);
        await Server.DisposeAsync(); // nor is the end of the server
        await Assert.ThrowsAnyAsync<IOException>(async () => await next);
    }

    [Fact]
    public async Task A_wrong_ETag_comes_with_the_right_bytes()
    {
        Server.Faults.Next(FaultKind.WrongETag);
        using HttpResponseMessage wrong = await GetRawAsync("x");
        using HttpResponseMessage right = await GetRawAsync("x");
        Assert.NotEqual(right.Headers.ETag, wrong.Headers.ETag);
        Assert.Equal(_content, await wrong.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task A_wrong_Content_Range_is_one_byte_further_on()
    {
        Server.Faults.Next(FaultKind.WrongContentRange);
        using HttpResponseMessage whole = await GetRawAsync("x");
        Assert.Null(whole.Content.Headers.ContentRange);
        using HttpResponseMessage response = await GetRawAsync("x", "bytes=100-199");
        Assert.Equal($"bytes 101-200/{Size}", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal(_content[100..200], await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task An_ignored_range_is_the_whole_object_with_200()
    {
        Server.Faults.Next(FaultKind.IgnoreRange);
        using HttpResponseMessage response = await GetRawAsync("x", "bytes=100-199");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(_content, await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task An_object_is_replaced_between_two_requests()
    {
        Server.Faults.Add(new FaultRule(FaultKind.ReplaceObject) { After = 1, Times = 1 });
        using HttpResponseMessage before = await GetRawAsync("x");
        using HttpResponseMessage after = await GetRawAsync("x");
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
        Assert.Equal(_content, await before.Content.ReadAsByteArrayAsync(Cancellation));
        byte[] turned = [.. _content.Select(b => (byte)~b)];
        Assert.Equal(turned, await after.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task An_object_is_deleted_between_two_requests()
    {
        Server.Faults.Add(new FaultRule(FaultKind.DeleteObject) { After = 1, Times = 1 });
        using HttpResponseMessage before = await GetRawAsync("x");
        using HttpResponseMessage after = await GetRawAsync("x");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public async Task A_rule_meets_only_the_requests_it_names()
    {
        PlaceByHand("y/1", [1]);
        Server.Faults.Add(new FaultRule(FaultKind.InternalError) { Method = "GET", Key = "y/*" });
        await S3.GetObjectMetadataAsync(Bucket, "y/1", Cancellation);
        Assert.Equal(_content, await GetAsync("x"));
        await FailsAsync(HttpStatusCode.InternalServerError, "InternalError", () => GetAsync("y/1"));
        Server.Faults.Clear();
        Assert.Equal([1], await GetAsync("y/1"));
    }

    [Fact]
    public async Task Counters_tell_what_was_asked_and_sent()
    {
        using (HttpResponseMessage response = await GetRawAsync("x", "bytes=0-999"))
            await response.Content.ReadAsByteArrayAsync(Cancellation);
        await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation);
        DevS3Counters counters = Server.Counters;
        Assert.Equal((2L, 1L, 1L, 1000L), (counters.Requests, counters.RequestsOf("GET"), counters.RequestsOf("HEAD"), counters.BytesSent));
        Assert.Equal(2, counters.Connections); // one of each client
        Assert.Equal(1, counters.MaximumInFlight);
    }

    private static SocketError? SocketErrorOf(Exception? exception)
    {
        while (exception is not (null or SocketException))
            exception = exception.InnerException;
        return (exception as SocketException)?.SocketErrorCode;
    }

    private static async Task ReadToEndAsync(HttpResponseMessage response) =>
        await ReadAsync(await response.Content.ReadAsStreamAsync(Cancellation));
}

public class LatencyTests : DevS3Test
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    protected override DevS3Options Options => base.Options with { Time = _clock, Faults = DevS3Faults.Parse("latency=1s") };

    [Fact]
    public async Task An_answer_waits_as_long_as_it_was_told()
    {
        PlaceByHand("x", [1]);
        Task<byte[]> get = GetAsync("x");
        while (Server.Counters.InFlight == 0)
            await Task.Yield();
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(get.IsCompleted);
        while (!get.IsCompleted)
        {
            // The request may only now begin its wait.
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
        Assert.Equal([1], await get);
    }
}
