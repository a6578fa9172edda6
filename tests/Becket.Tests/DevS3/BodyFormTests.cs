using System.Text;
using Becket.DevS3.Payloads;
using Becket.DevS3.Protocol;

namespace Becket.Tests.DevS3;

public class BodyFormTests
{
    // The check values of the catalogue of parametrised CRC algorithms, and FIPS 180's for "123456789".
    [Theory]
    [InlineData("crc32", "CBF43926")]
    [InlineData("crc32c", "E3069283")]
    [InlineData("crc64nvme", "AE8B14860A799888")]
    [InlineData("sha1", "F7C3BC1D808E04732ADF679965CCC34CA7AE3441")]
    [InlineData("sha256", "15E2B0D3C33891EBB0F1EF609EC419420C20E320CE94C65FBC8C3312448EB225")]
    public void A_checksum_of_the_nine_digits_is_its_check_value(string algorithm, string expected)
    {
        using Checksum checksum = Checksum.Start(algorithm)!;
        checksum.Append("1"u8);
        checksum.Append("2345678"u8);
        checksum.Append("9"u8);
        Assert.Equal(expected, Convert.ToHexString(checksum.Finish()));
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", null)]
    [InlineData("2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\n", null)]
    [InlineData("5\r\nhelloo\r\n0\r\n\r\n", "InvalidRequest")]
    [InlineData("zz\r\nhello\r\n0\r\n\r\n", "InvalidRequest")]
    [InlineData("-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest")]
    [InlineData("5\r\nhel", "IncompleteBody")]
    [InlineData("5\r\nhello\r\n", "IncompleteBody")]
    [InlineData("5", "IncompleteBody")]
    [InlineData("", "IncompleteBody")]
    public async Task Chunked_framing_is_read_to_the_letter(string body, string? code)
    {
        await using var chunks = new AwsChunkedStream(new MemoryStream(Encoding.ASCII.GetBytes(body)), signer: null);
        if (code is null)
        {
            using var content = new MemoryStream();
            await chunks.CopyToAsync(content, TestContext.Current.CancellationToken);
            Assert.Equal("hello"u8.ToArray(), content.ToArray());
            return;
        }
        var exception = await Assert.ThrowsAsync<S3Exception>(() => chunks.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        Assert.Equal(code, exception.Error.Code);
    }
}
