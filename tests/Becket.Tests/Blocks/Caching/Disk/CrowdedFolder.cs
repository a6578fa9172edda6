using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>
/// A cache folder that caches with any limit may fill, until another process evicts down to its small one. Disposing makes sure that
/// nothing was warned of.
/// </summary>
internal sealed class CrowdedFolder : IDisposable
{
    /// <summary>The small limit, in bytes.</summary>
    public const long Limit = 100 * CacheGeometry.Piece;

    private static readonly byte[] Noise = new KnownObject(20, CacheGeometry.Piece).Bytes(0);

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();

    /// <summary>Goes on by a moment with each piece that is written.</summary>
    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public string Path => System.IO.Path.Combine(_folder.Path, "cache");

    public DiskCache Open(long limit) => DiskCache.Open(Path, limit, Time, _log);

    /// <summary>Another process' look, with the small limit.</summary>
    public void Evict()
    {
        using var cache = Open(Limit);
        cache.Look();
    }

    public void UseInANewPeriod(DiskCache cache, DiskCacheObject opened, IEnumerable<int> pieces)
    {
        cache.FlushUses();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        foreach (var piece in pieces)
            opened.Use(piece);
        cache.FlushUses();
    }

    /// <summary>A whole piece, a moment after the one before.</summary>
    public void Write(DiskCacheObject opened, long piece)
    {
        opened.Write(piece, CacheGeometry.AllBlocks, 0, Noise);
        Time.Advance(TimeSpan.FromMilliseconds(1));
    }

    /// <summary>What the cache takes of its filesystem, in bytes.</summary>
    public long Allocated()
    {
        using var folder = DiskCacheFolder.Open(Path);
        return folder.Allocated();
    }

    public void AssertWithin(long bytes) => Assert.True(Allocated() <= bytes, $"{Allocated()} bytes on disk, more than {bytes}");

    public void Dispose()
    {
        Assert.Empty(_log.Warnings);
        _folder.Dispose();
    }
}
