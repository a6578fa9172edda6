using Becket.Objects;
using Becket.Objects.Http;

namespace Becket.Tests.Objects.Http;

public sealed class ContentRangeTests
{
    [Theory] // the examples of RFC 9110, 14.4
    [InlineData("bytes 42-1233/1234", 42L, 1192L, 1234L)]
    [InlineData("bytes 42-1233/*", 42L, 1192L, null)]
    [InlineData("bytes 0-499/1234", 0L, 500L, 1234L)]
    [InlineData("bytes 734-1233/1234", 734L, 500L, 1234L)]
    [InlineData("Bytes 0-0/9223372036854775807", 0L, 1L, long.MaxValue)]
    public void A_range_is_parsed(string text, long offset, long length, long? total)
    {
        Assert.True(ContentRange.TryParse(text, out var range));
        Assert.Equal(new ContentRange(new ObjectRange(offset, length), total), range);
    }

    [Fact]
    public void The_form_without_a_range_tells_the_size()
    {
        Assert.True(ContentRange.TryParse("bytes */1234", out var range));
        Assert.Equal(new ContentRange(null, 1234), range);
    }

    [Theory]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes ")]
    [InlineData("bytes 0-1")]
    [InlineData("bytes=0-1/2")]
    [InlineData("bytes */*")]
    [InlineData("bytes -1/2")]
    [InlineData("bytes 1-/2")]
    [InlineData("bytes 1-0/2")]
    [InlineData("bytes 0-2/2")]
    [InlineData("bytes 0 -1/2")]
    [InlineData("bytes 0-1/2 ")]
    [InlineData("bytes +0-1/2")]
    [InlineData("bytes 0-1/-2")]
    [InlineData("bytes 0-0x1/2")]
    [InlineData("bytes 0-99999999999999999999/*")]
    [InlineData("bytes 0-9223372036854775807/*")]
    [InlineData("bits 0-1/2")]
    public void Anything_else_is_refused(string text) => Assert.False(ContentRange.TryParse(text, out _));
}
