using Becket.Objects;
using Becket.Objects.S3;

namespace Becket.Tests.Objects.S3;

public sealed class S3CustomerKeyTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("01234567890123456789012345678901")]
    [InlineData("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]
    [InlineData("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\r\n")]
    public void A_key_file_holds_the_bytes_or_their_base64(string content)
    {
        File.WriteAllText(_path, content);

        Assert.Equal("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", S3CustomerKey.ReadFile(_path).KeyBase64);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890")]
    [InlineData("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5")]
    [InlineData("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1")]
    [InlineData("not base64 at all, but longer than that key")]
    public void Anything_else_is_refused_without_showing_it(string content)
    {
        File.WriteAllText(_path, content);
        var e = Assert.Throws<ObjectStoreException>(() => S3CustomerKey.ReadFile(_path));

        Assert.Contains("neither 32 bytes nor the base64 of 32 bytes", e.Message, StringComparison.Ordinal);
        Assert.True(content.Length == 0 || !e.Message.Contains(content, StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            "/no/such/key",
            Assert.Throws<ObjectStoreException>(() => S3CustomerKey.ReadFile("/no/such/key")).Message,
            StringComparison.Ordinal);
}
