using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Writers and several evicting processes at once: locks keep them apart, and nobody waits.</summary>
public sealed class DiskEvictionLockTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;
    private const int Piece = CacheGeometry.Piece;

    private readonly CrowdedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_piece_that_is_being_written_is_not_evicted()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        using (LockAsWriter(opened, 0))
            _folder.Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.Equal(0u, opened.Present(1));
    }

    [Fact]
    public void A_piece_that_is_being_evicted_is_not_written_and_nobody_waits()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        using (Lock(opened, 3, RangeLockKind.Exclusive))
        {
            _folder.Write(opened, 3);
            _folder.Write(opened, 4);
        }
        Assert.Equal(0u, opened.Present(3));
        Assert.Equal(All, opened.Present(4));
        _folder.Write(opened, 3);
        Assert.Equal(All, opened.Present(3));
    }

    [Fact]
    public void Locks_of_two_descriptions_exclude_each_other_within_one_process()
    {
        using var temporary = new TemporaryFolder();
        using var folder = DiskFolder.OpenRoot(temporary.Path);
        using var one = folder.MakeFile("file");
        using var two = folder.MakeFile("file");
        Assert.True(one.TryLock(RangeLockKind.Shared, 0, 10));
        Assert.True(two.TryLock(RangeLockKind.Shared, 0, 10));
        Assert.False(two.TryLock(RangeLockKind.Exclusive, 5, 1));
        Assert.True(two.TryLock(RangeLockKind.Exclusive, 10, 10));
        one.Unlock(0, 10);
        Assert.True(two.TryLock(RangeLockKind.Exclusive, 5, 1));
        Assert.False(one.TryLock(RangeLockKind.Shared, 0, 10));
    }

    [Fact]
    public void While_one_process_evicts_another_leaves_it_to_it()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        using (var folder = DiskCacheFolder.Open(_folder.Path))
        using (folder.TryTakeHand())
            _folder.Evict();
        Assert.Equal(All, opened.Present(0));
        _folder.Evict();
        Assert.Equal(0u, opened.Present(0));
    }

    private static DiskFile LockAsWriter(DiskCacheObject opened, long piece) => Lock(opened, piece, RangeLockKind.Shared);

    private static DiskFile Lock(DiskCacheObject opened, long piece, RangeLockKind kind)
    {
        using var folder = DiskFolder.OpenRoot(opened.Folder);
        var data = folder.OpenFile("data")!;
        Assert.True(data.TryLock(kind, piece * Piece, Piece));
        return data;
    }
}
