using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>A cache that holds all 40 pieces of an object, for tests that do harm to its files.</summary>
internal sealed class FilledCache : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();

    public FilledCache() => Cache = Open(1L << 30);

    public static KnownObject Known { get; } = new(11, 40 * CacheGeometry.Piece);

    public DiskCache Cache { get; }

    public IReadOnlyList<string> Warnings => _log.Warnings;

    /// <summary>Opens the object and writes all of it. Its user disposes it, before the cache.</summary>
    public DiskCacheObject OpenFilled()
    {
        var opened = Known.Open(Cache);
        for (var piece = 0; piece < 40; piece++)
            Known.Write(opened, piece);
        return opened;
    }

    /// <summary>Another cache with a small limit over the same folder.</summary>
    public void Evict()
    {
        using var small = Open(1024 * 1024);
        small.Look();
    }

    public static void AssertCanBeFilledAgain(DiskCacheObject opened)
    {
        for (var piece = 0; piece < 40; piece++)
        {
            Known.Write(opened, piece);
            Assert.Equal(CacheGeometry.AllBlocks, Known.ReadAndCheck(opened, piece));
        }
    }

    public void Dispose()
    {
        Cache.Dispose();
        _folder.Dispose();
    }

    private DiskCache Open(long limit) => DiskCache.Open(Path.Combine(_folder.Path, "cache"), limit, _log);
}
