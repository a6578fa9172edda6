using Becket.Objects;

namespace Becket.Tests.Objects.S3;

/// <summary>What is understood of a store's checksums, from answers written byte for byte.</summary>
public sealed class S3ChecksumTests
{
    private const string Md5OfAbc = "900150983cd24fb0d6963f7d28e17f72";

    private static readonly ObjectPin Pin = new("k", $"\"{Md5OfAbc}\"", null);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Checksums_are_asked_for_and_read()
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer(
            "200 OK",
            $"ETag: \"{Md5OfAbc}\"\r\nx-amz-checksum-crc32c: Nks/tw==\r\n"
            + "x-amz-checksum-sha256: ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=-2"));
        await using var store = S3Loopback.Store(server);

        var all = (await store.GetChecksumsAsync(Pin, part: null, Cancelled)).All;

        Assert.Equal(
            [
                (ChecksumKind.Crc32C, null, "364b3fb7"),
                (ChecksumKind.Sha256, 2, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                (ChecksumKind.Md5, (int?)null, Md5OfAbc),
            ],
            all.Select(checksum => (checksum.Kind, checksum.Parts, Convert.ToHexStringLower(checksum.Value.Span))));
        Assert.All(all, checksum => Assert.Equal(ChecksumWeight.Proof, checksum.Weight));
        var request = Assert.Single(server.Requests);
        Assert.Equal("ENABLED", request.Headers["x-amz-checksum-mode"]);
    }

    [Theory]
    [InlineData("x-amz-server-side-encryption: aws:kms")]
    [InlineData("x-amz-server-side-encryption-customer-algorithm: AES256")]
    public async Task ETag_of_an_encrypted_object_is_a_hint_alone(string header)
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer("200 OK", $"ETag: \"{Md5OfAbc}\"\r\n{header}"));
        await using var store = S3Loopback.Store(server);

        Assert.Equal(ChecksumWeight.Hint, Assert.Single((await store.GetChecksumsAsync(Pin, part: null, Cancelled)).All).Weight);
    }

    [Theory]
    [InlineData("x-amz-checksum-crc32: not-base64!")]
    [InlineData("x-amz-checksum-crc32: AAAA")]
    [InlineData("x-amz-checksum-blake3: AAAAAA==")]
    public async Task What_is_not_understood_is_left_out(string header)
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer("200 OK", $"ETag: \"opaque\"\r\n{header}"));
        await using var store = S3Loopback.Store(server);

        Assert.Empty((await store.GetChecksumsAsync(Pin with { ETag = "\"opaque\"" }, part: null, Cancelled)).All);
    }

    [Fact]
    public async Task A_part_has_its_size_and_the_number_of_all()
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer(
            "206 Partial Content", $"ETag: \"{Md5OfAbc}\"\r\nContent-Range: bytes 0-4/9\r\nx-amz-mp-parts-count: 2", "12345"));
        await using var store = S3Loopback.Store(server);

        Assert.Equal(new ObjectPart(5, 2), (await store.GetChecksumsAsync(Pin, part: 1, Cancelled)).Part);
        Assert.EndsWith("?partNumber=1", Assert.Single(server.Requests).Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_ignores_parts_has_none()
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer("200 OK", $"ETag: \"{Md5OfAbc}\"", "123456789"));
        await using var store = S3Loopback.Store(server);

        Assert.Null((await store.GetChecksumsAsync(Pin, part: 1, Cancelled)).Part);
    }

    [Theory]
    [InlineData("412 Precondition Failed", "")]
    [InlineData("200 OK", "ETag: \"another\"")]
    public async Task A_replaced_object_is_an_error(string status, string headers)
    {
        await using var server = S3Loopback.InTurn(S3Loopback.Answer(status, headers));
        await using var store = S3Loopback.Store(server);

        var failure = await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.GetChecksumsAsync(Pin, part: null, Cancelled));
        Assert.Equal(ObjectStoreError.Changed, failure.Error);
    }
}
