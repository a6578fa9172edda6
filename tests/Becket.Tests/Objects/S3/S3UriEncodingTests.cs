using Becket.Objects.S3.Signing;

namespace Becket.Tests.Objects.S3;

public class S3UriEncodingTests
{
    [Theory]
    [InlineData("plain/key-1.0_x~.img", "plain/key-1.0_x~.img")]
    [InlineData("with space", "with%20space")]
    [InlineData("a+b", "a%2Bb")]
    [InlineData("100%25", "100%2525")]
    [InlineData("?versionId=1&x#y", "%3FversionId%3D1%26x%23y")]
    [InlineData("/leading//double/../dots/.", "/leading//double/../dots/.")]
    [InlineData("schlüssel/鍵/🔑", "schl%C3%BCssel/%E9%8D%B5/%F0%9F%94%91")]
    [InlineData("a\\b'(c)*!:;,=@$[]\"<>|^`{}", "a%5Cb%27%28c%29%2A%21%3A%3B%2C%3D%40%24%5B%5D%22%3C%3E%7C%5E%60%7B%7D")]
    [InlineData("line\nfeed\u007f", "line%0Afeed%7F")]
    public void A_key_is_encoded_byte_by_byte_and_keeps_its_slashes(string key, string encoded) =>
        Assert.Equal(encoded, S3UriEncoding.EncodeKey(key));

    [Fact]
    public void In_the_query_slashes_are_encoded_too() => Assert.Equal("a%2Fb%20c", S3UriEncoding.EncodeQuery("a/b c"));
}
