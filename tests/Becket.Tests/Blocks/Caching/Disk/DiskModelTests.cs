using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Random writes, reads, evictions, reopenings and damage, against the bytes that the objects are known to have.</summary>
public sealed class DiskModelTests : IDisposable
{
    private const int Pieces = 30;
    private const long Limit = 3 * 1024 * 1024; // of 10 MiB that the objects have

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_a_block_is_right_or_absent(int seed)
    {
        var random = new Random(seed);
        var objects = Objects();
        var caches = new[] { OpenCache(), OpenCache() };
        var opened = objects.Select((known, i) => known.Open(caches[i % 2])).ToArray();
        var held = new int[objects.Length]; // blocks that reads found
        for (var step = 0; step < 1500; step++)
        {
            var i = random.Next(objects.Length);
            var known = objects[i];
            var piece = random.NextInt64(known.PieceCount);
            var blocks = (uint)random.NextInt64(1L << 32) | (uint)random.NextInt64(1L << 32);
            switch (random.Next(100))
            {
                case < 45:
                    known.Write(opened[i], piece, blocks);
                    break;
                case < 90:
                    held[i] += System.Numerics.BitOperations.PopCount(known.ReadAndCheck(opened[i], piece, blocks));
                    break;
                case < 93:
                    opened[i].Use(piece);
                    caches[i % 2].FlushUses();
                    break;
                case < 96:
                    caches[random.Next(2)].Look();
                    break;
                case < 98:
                    opened[i].Dispose();
                    opened[i] = known.Open(caches[i % 2]);
                    break;
                default:
                    Damage(opened[i].Folder, random);
                    break;
            }
        }
        Assert.All(held, blocks => Assert.True(blocks > 500, $"seed {seed}: too little was ever found: {blocks} blocks"));
        Assert.All(caches, cache => Assert.False(cache.IsOff));
        Array.ForEach(opened, one => one.Dispose());
        Array.ForEach(caches, one => one.Dispose());
    }

    [Fact]
    public async Task Threads_that_write_read_and_evict_the_same_pieces_see_nothing_damaged()
    {
        var known = new KnownObject(41, (Pieces * CacheGeometry.Piece) - 999);
        using var one = OpenCache();
        using var two = OpenCache();
        using var first = known.Open(one);
        using var second = known.Open(two);
        var found = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            var mine = worker % 2 == 0 ? first : second;
            for (var i = 0; i < 300; i++)
            {
                var piece = random.NextInt64(Pieces);
                known.Write(mine, piece, (uint)random.NextInt64(1L << 32));
                Interlocked.Add(ref found, System.Numerics.BitOperations.PopCount(known.ReadAndCheck(mine, random.NextInt64(Pieces))));
                if (i % 20 == 0)
                    (worker % 2 == 0 ? one : two).Look();
            }
        })));
        Assert.Equal(0, first.DamagedBlocks + second.DamagedBlocks);
        Assert.Empty(_log.Warnings);
        Assert.True(found > 1000, $"only {found} blocks were found");
    }

    private static KnownObject[] Objects() =>
        [.. Enumerable.Range(42, 3).Select(i => new KnownObject(i, (Pieces * CacheGeometry.Piece) - (i * 777)))];

    private DiskCache OpenCache() => DiskCache.Open(Path.Combine(_folder.Path, "cache"), Limit, _log);

    /// <summary>A few random bytes, somewhere, or a shorter file.</summary>
    private static void Damage(string folder, Random random)
    {
        var path = Path.Combine(folder, new[] { "data", "index", "index" }[random.Next(3)]);
        if (!File.Exists(path))
            return; // evicted as a whole
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        // The header stays: without it the object would be left out until everybody has closed it, and there would be little to test.
        file.Position = random.NextInt64(path.EndsWith("index", StringComparison.Ordinal) ? 4096 : 0, Math.Max(4097, file.Length));
        if (random.Next(4) == 0)
        {
            file.SetLength(file.Position);
            return;
        }
        var noise = new byte[random.Next(1, 300)];
        random.NextBytes(noise);
        file.Write(noise);
    }
}
