using System.Security.Cryptography;
using Becket.Objects;
using Becket.Verifying;

namespace Becket.Tests.Program.Verifying;

/// <summary>Checksums of the checksums of parts, and the guessing of part sizes.</summary>
public sealed class ChecksumTestTests
{
    [Theory]
    [InlineData(10, new long[] { 10 })]
    [InlineData(10, new long[] { 4, 4, 2 })]
    [InlineData(12, new long[] { 4, 4, 4 })]
    [InlineData(12, new long[] { 1, 7, 4 })]
    public void Checksum_of_parts_is_that_of_their_checksums(int size, long[] parts)
    {
        var bytes = Bytes(size);
        var expected = OfParts(bytes, parts);
        foreach (var step in (int[])[1, 3, 4, size])
        {
            using var test = new ChecksumTest(Stored(parts.Length), PartLayout.Listed(parts));
            foreach (var piece in bytes.Chunk(step))
                test.Append(piece);
            Assert.Equal(expected, test.Finish());
        }
    }

    [Fact]
    public void Equal_parts_end_with_a_shorter_one()
    {
        var bytes = Bytes(10);
        using var test = new ChecksumTest(Stored(3), PartLayout.OfSize(4));
        test.Append(bytes);

        Assert.Equal(OfParts(bytes, [4, 4, 2]), test.Finish());
    }

    [Theory]
    [InlineData(48 << 20, 10, 5 << 20)]
    [InlineData(48 << 20, 6, 8 << 20)]
    [InlineData(20_000_000, 3, 8 << 20)]
    [InlineData(100_000_000, 7, 15 << 20)]
    [InlineData(9_000_001, 3, 3_000_001)]
    [InlineData(1000, 1, 1000)]
    public void Guesses_hold_the_usual_sizes(long size, int parts, long wanted)
    {
        var guesses = PartLayout.Guess(size, parts).Select(layout => layout.Uniform!.Value).ToList();

        Assert.Contains(wanted, guesses);
        Assert.InRange(guesses.Count, 1, 6);
        Assert.All(guesses, guess => Assert.Equal(parts, (size + guess - 1) / guess));
    }

    private static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(6).NextBytes(bytes);
        return bytes;
    }

    private static StoredChecksum Stored(int parts) => new("ETag", ChecksumKind.Sha256, new byte[32], parts, ChecksumWeight.Proof);

    private static byte[] OfParts(byte[] bytes, long[] parts)
    {
        var digests = new List<byte>();
        var start = 0;
        foreach (var part in parts)
        {
            digests.AddRange(SHA256.HashData(bytes.AsSpan(start, (int)part)));
            start += (int)part;
        }
        return SHA256.HashData([.. digests]);
    }
}
