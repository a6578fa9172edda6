using System.Net;
using Becket.DevS3;

namespace Becket.Tests.DevS3;

public class RangeTests : DevS3Test
{
    protected override DevS3Options Options => base.Options with { AllowAnonymousReads = true };

    [Theory]
    [InlineData("bytes=0-0", "0", "bytes 0-0/10")]
    [InlineData("bytes=2-5", "2345", "bytes 2-5/10")]
    [InlineData("bytes=9-9", "9", "bytes 9-9/10")]
    [InlineData("bytes=7-", "789", "bytes 7-9/10")]
    [InlineData("bytes=8-100", "89", "bytes 8-9/10")]
    [InlineData("bytes=0-9223372036854775807", "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=-100", "0123456789", "bytes 0-9/10")]
    public async Task A_range_is_answered_with_206_clipped_to_the_object(string range, string content, string contentRange)
    {
        using HttpResponseMessage response = await AskAsync(HttpMethod.Get, range);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(contentRange, response.Content.Headers.ContentRange!.ToString());
        Assert.Equal(content, await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(content.Length, response.Content.Headers.ContentLength);

        using HttpResponseMessage head = await AskAsync(HttpMethod.Head, range);
        Assert.Equal(HttpStatusCode.PartialContent, head.StatusCode);
        Assert.Equal(content.Length, head.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=10-10")]
    [InlineData("bytes=1000-2000")]
    [InlineData("bytes=-0")]
    public async Task A_range_past_the_end_is_answered_with_416(string range)
    {
        using HttpResponseMessage response = await AskAsync(HttpMethod.Get, range);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal("bytes */10", response.Content.Headers.ContentRange!.ToString());
        Assert.Contains("<Code>InvalidRange</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=0-1,4-5")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=-")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("lines=0-1")]
    [InlineData(null)]
    public async Task What_is_not_one_range_is_answered_with_the_whole_object(string? range)
    {
        using HttpResponseMessage response = await AskAsync(HttpMethod.Get, range);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Null(response.Content.Headers.ContentRange);
        Assert.Equal("0123456789", await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
    }

    [Fact]
    public async Task An_empty_object_has_no_ranges()
    {
        PlaceByHand("digits", []);
        using HttpResponseMessage response = await Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, Url) { Headers = { Range = new(0, 0) } }, Cancellation);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
    }

    [Fact]
    public async Task If_Range_with_another_ETag_sends_the_whole_object()
    {
        PlaceByHand("digits", "0123456789"u8.ToArray());
        string etag = (await S3.GetObjectMetadataAsync(Bucket, "digits", Cancellation)).ETag;
        Assert.Equal(HttpStatusCode.PartialContent, await StatusOf(etag));
        Assert.Equal(HttpStatusCode.OK, await StatusOf("\"another\""));

        async Task<HttpStatusCode> StatusOf(string ifRange)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Url) { Headers = { Range = new(0, 1) } };
            request.Headers.TryAddWithoutValidation("If-Range", ifRange);
            using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
            return response.StatusCode;
        }
    }

    private Uri Url => new(Server.Endpoint, "/isos/digits");

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string? range)
    {
        PlaceByHand("digits", "0123456789"u8.ToArray());
        using var request = new HttpRequestMessage(method, Url);
        if (range is not null)
            request.Headers.TryAddWithoutValidation("Range", range);
        return await Http.SendAsync(request, Cancellation);
    }
}
