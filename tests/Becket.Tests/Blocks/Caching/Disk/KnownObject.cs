using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>An object of any size whose bytes follow from its number: noise, with some blocks of zeroes between.</summary>
internal sealed class KnownObject(int number, long size)
{
    private static readonly byte[] Noise = MakeNoise();

    public string Identity => $"https://store.test/bucket/object-{number} etag-{number} version-{number}";

    public long Size => size;

    public long PieceCount => CacheGeometry.PieceCount(size);

    /// <summary>The last piece is shorter.</summary>
    public byte[] Bytes(long piece)
    {
        var bytes = new byte[CacheGeometry.PieceLength(piece, size)];
        Noise.AsSpan((int)(Seed(piece) % CacheGeometry.Piece), bytes.Length).CopyTo(bytes); // fast, as much is compared
        var zeroes = Zeroes(piece);
        for (var start = 0; start < bytes.Length; start += CacheGeometry.Block)
        {
            var block = bytes.AsSpan(start, Math.Min(CacheGeometry.Block, bytes.Length - start));
            if ((zeroes & (1u << (start / CacheGeometry.Block))) != 0)
                block.Clear();
            else
                block[0] = (byte)(Seed(piece) >> 16); // pieces with the same stretch of the noise differ
        }
        return bytes;
    }

    /// <summary>About one block in eight.</summary>
    public uint Zeroes(long piece)
    {
        var random = new Random((int)Seed(piece));
        var all = (uint)random.NextInt64(uint.MaxValue) & (uint)random.NextInt64(uint.MaxValue) & (uint)random.NextInt64(uint.MaxValue);
        return all & CacheGeometry.BlocksIn(piece, size);
    }

    public DiskCacheObject Open(DiskCache cache) => cache.OpenObject(Identity, size);

    public void Write(DiskCacheObject target, long piece, uint blocks = CacheGeometry.AllBlocks)
    {
        var bytes = Bytes(piece);
        for (var block = 0; block < CacheGeometry.BlocksPerPiece; block++)
        {
            var start = block * CacheGeometry.Block;
            if (((blocks & ~Zeroes(piece)) & (1u << block)) == 0 && start < bytes.Length)
                bytes.AsSpan(start, Math.Min(CacheGeometry.Block, bytes.Length - start)).Fill(0xEE); // must not be stored
        }
        target.Write(piece, blocks & ~Zeroes(piece), blocks & Zeroes(piece), bytes);
    }

    /// <summary>Reads blocks, checks the ones that are said to be right, and says which they are.</summary>
    public uint ReadAndCheck(DiskCacheObject source, long piece, uint blocks = CacheGeometry.AllBlocks)
    {
        var buffer = new byte[CacheGeometry.PieceLength(piece, size)];
        Random.Shared.NextBytes(buffer);
        var read = source.Read(piece, blocks, buffer);
        Check(piece, read, buffer);
        Assert.Equal(0u, read & ~blocks);
        return read;
    }

    public void Check(long piece, uint blocks, ReadOnlySpan<byte> buffer)
    {
        Assert.Equal(0u, blocks & ~CacheGeometry.BlocksIn(piece, size));
        var expected = Bytes(piece);
        for (var block = 0; block < CacheGeometry.BlocksPerPiece; block++)
        {
            if ((blocks & (1u << block)) == 0)
                continue;
            var start = block * CacheGeometry.Block;
            var length = Math.Min(CacheGeometry.Block, expected.Length - start);
            SameBytes.Check(expected.AsSpan(start, length), buffer.Slice(start, length));
        }
    }

    private static byte[] MakeNoise()
    {
        var noise = new byte[2 * CacheGeometry.Piece];
        new Random(0).NextBytes(noise);
        return noise;
    }

    /// <summary>The same in every process, which System.HashCode is not.</summary>
    private uint Seed(long piece) => (uint)((((ulong)number * 1_000_003) + (ulong)piece) * 0x9E3779B97F4A7C15 >> 32);
}
