using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Win32.SafeHandles;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Real filesystems that are full: one warning, what is there is read on, and nobody dies.</summary>
public sealed class DiskFullTests : IDisposable
{
    private const int Piece = CacheGeometry.Piece;

    private readonly WarningLog _log = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_full_tmpfs_turns_the_cache_off_with_one_warning_and_reads_go_on()
    {
        using var mounted = MountedFolder.Mount(4 * 1024 * 1024);
        FillUp(Path.Combine(mounted.Path, "cache"));
    }

    [Fact]
    public void A_full_ext4_does_so_too()
    {
        using var mounted = MountExt4(16 * 1024 * 1024);
        FillUp(Path.Combine(mounted.Path, "cache"));
    }

    [Fact]
    public void A_disk_too_full_for_a_new_object_leaves_that_object_out()
    {
        using var mounted = MountedFolder.Mount(1024 * 1024);
        using var cache = DiskCache.Open(Path.Combine(mounted.Path, "cache"), 1L << 30, _log);
        using (var filler = File.OpenHandle(Path.Combine(mounted.Path, "filler"), FileMode.CreateNew, FileAccess.Write))
            Assert.Throws<IOException>((Action)(() => WriteWithoutEnd(filler)));
        using var opened = cache.OpenObject("disk", 10 * Piece);
        opened.Write(0, CacheGeometry.AllBlocks, 0, new byte[Piece]);
        Assert.True(opened.IsOff);
        Assert.Equal(0u, opened.Read(0, CacheGeometry.AllBlocks, new byte[Piece]));
        Assert.Contains("no space left", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_too_large_for_the_filesystem_is_left_out_and_others_are_not()
    {
        using var mounted = MountExt4(16 * 1024 * 1024);
        using var cache = DiskCache.Open(Path.Combine(mounted.Path, "cache"), 1L << 30, _log);
        using var large = cache.OpenObject("large", 1L << 62);
        Assert.True(large.IsOff);
        Assert.Contains("does not allow a file this large", Assert.Single(_log.Warnings), StringComparison.Ordinal);
        var known = new KnownObject(31, 3 * Piece);
        using var small = known.Open(cache);
        known.Write(small, 1);
        Assert.Equal(CacheGeometry.AllBlocks, known.ReadAndCheck(small, 1));
    }

    [Fact]
    public void Eviction_gives_space_back_to_an_ext4_and_keeps_the_cache_alive_on_it()
    {
        using var mounted = MountExt4(32 * 1024 * 1024);
        const long limit = 12 * 1024 * 1024;
        var known = new KnownObject(32, 400 * Piece);
        using var cache = DiskCache.Open(Path.Combine(mounted.Path, "cache"), limit, _log);
        using var opened = known.Open(cache);
        for (var piece = 0; piece < 400; piece++) // 50 MB through 32
        {
            known.Write(opened, piece);
            if (piece % 8 == 0)
                cache.Look();
        }
        Assert.Empty(_log.Warnings);
        Assert.False(opened.IsOff);
        Assert.Equal(CacheGeometry.AllBlocks, known.ReadAndCheck(opened, 399));
    }

    private static void WriteWithoutEnd(SafeFileHandle file)
    {
        for (var offset = 0L; ; offset += 4096)
            RandomAccess.Write(file, new byte[4096], offset);
    }

    private void FillUp(string path)
    {
        var known = new KnownObject(33, 400 * Piece);
        var held = new uint[400];
        using (var cache = DiskCache.Open(path, 1L << 30, _log))
        {
            using var opened = known.Open(cache);
            for (var piece = 0; piece < 400; piece++)
            {
                known.Write(opened, piece);
                opened.Use(piece);
            }
            Assert.True(opened.IsOff);
            Assert.True(cache.IsOff);
            Assert.Contains("no space left on its filesystem", Assert.Single(_log.Warnings), StringComparison.Ordinal);
            for (var piece = 0; piece < 400; piece++)
            {
                held[piece] = opened.Present(piece);
                Assert.Equal(held[piece], known.ReadAndCheck(opened, piece));
            }
            Assert.Equal(CacheGeometry.AllBlocks, held[0]);
            Assert.Equal(0u, held[399]);
            cache.FlushUses();
            cache.Look();
        }
        using var next = DiskCache.Open(path, 2 * 1024 * 1024, _log); // the next start, with a limit that fits
        using var reopened = known.Open(next);
        next.Look();
        for (var piece = 0; piece < 400; piece++)
            Assert.Equal(0u, known.ReadAndCheck(reopened, piece) & ~held[piece]);
        known.Write(reopened, 399);
        Assert.Equal(CacheGeometry.AllBlocks, known.ReadAndCheck(reopened, 399));
        Assert.Single(_log.Warnings);
    }

    private MountedFolder MountExt4(int size)
    {
        var image = _folder.AddHole(size);
        Assert.SkipWhen(Shell.Run("mkfs.ext4", "-q", image) is null, "mkfs.ext4 is missing");
        return MountedFolder.MountImage(image);
    }
}
