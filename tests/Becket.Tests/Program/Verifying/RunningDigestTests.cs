using System.Buffers.Binary;
using System.Text;
using Becket.Objects;
using Becket.Verifying;

namespace Becket.Tests.Program.Verifying;

/// <summary>Every checksum against published vectors, and against itself bit by bit.</summary>
public sealed class RunningDigestTests
{
    /// <summary>The check values of the CRC catalogue (reveng), FIPS 180-2 and RFC 1321.</summary>
    [Theory]
    [InlineData("Crc32", "123456789", "cbf43926")]
    [InlineData("Crc32C", "123456789", "e3069283")]
    [InlineData("Crc64Nvme", "123456789", "ae8b14860a799888")]
    [InlineData("Md5", "abc", "900150983cd24fb0d6963f7d28e17f72")]
    [InlineData("Sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d")]
    [InlineData("Sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("Crc32", "", "00000000")]
    [InlineData("Crc32C", "", "00000000")]
    [InlineData("Crc64Nvme", "", "0000000000000000")]
    public void Published_vector_is_met(string kind, string text, string expected)
    {
        using var digest = RunningDigest.Start(Enum.Parse<ChecksumKind>(kind));
        digest.Append(Encoding.ASCII.GetBytes(text));

        Assert.Equal(expected, Convert.ToHexStringLower(digest.Take()));
    }

    /// <summary>RFC 3720, B.4.</summary>
    [Theory]
    [InlineData(0x00, "8a9136aa")]
    [InlineData(0xFF, "62a8ab43")]
    public void Thirty_two_equal_bytes_have_the_crc32c_of_the_iscsi_standard(byte value, string expected)
    {
        using var digest = RunningDigest.Start(ChecksumKind.Crc32C);
        digest.Append(Enumerable.Repeat(value, 32).ToArray());

        Assert.Equal(expected, Convert.ToHexStringLower(digest.Take()));
    }

    /// <summary>The NVM Command Set specification, "64b CRC": 4 KiB of zeroes, and of ones.</summary>
    [Theory]
    [InlineData(0x00, 0x6482D367EB22B64E)]
    [InlineData(0xFF, 0xC0DDBA7302ECA3AC)]
    public void Four_kibibytes_have_the_crc64_of_the_nvme_standard(byte value, ulong expected)
    {
        using var digest = RunningDigest.Start(ChecksumKind.Crc64Nvme);
        digest.Append(Enumerable.Repeat(value, 4096).ToArray());

        Assert.Equal(expected, BinaryPrimitives.ReadUInt64BigEndian(digest.Take()));
    }

    [Theory]
    [InlineData("Crc32")]
    [InlineData("Crc32C")]
    [InlineData("Crc64Nvme")]
    [InlineData("Md5")]
    [InlineData("Sha1")]
    [InlineData("Sha256")]
    public void Bytes_may_come_in_any_pieces_and_a_taken_digest_begins_anew(string kind)
    {
        var random = new Random(5);
        var bytes = new byte[10_007];
        random.NextBytes(bytes);
        using var whole = RunningDigest.Start(Enum.Parse<ChecksumKind>(kind));
        whole.Append(bytes);
        var expected = whole.Take();
        using var pieces = RunningDigest.Start(Enum.Parse<ChecksumKind>(kind));
        for (var round = 0; round < 2; round++)
        {
            for (var left = bytes.AsSpan(); left.Length > 0;)
            {
                var length = random.Next(Math.Min(left.Length, 100) + 1);
                pieces.Append(left[..length]);
                left = left[length..];
            }
            Assert.Equal(expected, pieces.Take());
        }
    }
}
