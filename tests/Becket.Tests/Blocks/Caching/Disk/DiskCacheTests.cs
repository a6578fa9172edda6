using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Blocks go in and come out again; what a cache folder may be.</summary>
public sealed class DiskCacheTests : IDisposable
{
    private const long Limit = 64 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();

    public void Dispose()
    {
        Assert.Empty(_log.Warnings);
        _folder.Dispose();
    }

    [Fact]
    public void A_piece_that_was_written_is_read_back_and_is_there_for_the_next_process()
    {
        var known = new KnownObject(1, 1_000_000);
        using (var cache = Open())
        {
            using var opened = known.Open(cache);
            for (var piece = 0; piece < known.PieceCount; piece++)
            {
                Assert.Equal(0u, opened.Present(piece));
                Assert.Equal(0u, known.ReadAndCheck(opened, piece));
                known.Write(opened, piece);
                AssertWhole(known, opened, piece);
            }
        }
        using var again = Open();
        using var reopened = known.Open(again);
        for (var piece = 0; piece < known.PieceCount; piece++)
            AssertWhole(known, reopened, piece);
    }

    [Fact]
    public void Only_the_blocks_that_were_given_are_stored_and_only_the_wanted_ones_are_read()
    {
        var known = new KnownObject(2, 10 * CacheGeometry.Piece);
        using var cache = Open();
        using var opened = known.Open(cache);
        known.Write(opened, 3, 0x8000_F00Fu);
        Assert.Equal(0x8000_F00Fu, opened.Present(3));
        Assert.Equal(0x8000_F00Fu, known.ReadAndCheck(opened, 3));
        Assert.Equal(0x8000_0003u, known.ReadAndCheck(opened, 3, 0x8FFF_0FF3u));
        known.Write(opened, 3, 0x0000_0FF0u);
        Assert.Equal(0x8000_FFFFu, known.ReadAndCheck(opened, 3));
        Assert.Equal(0u, opened.Present(2) | opened.Present(4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(CacheGeometry.Piece - 1)]
    [InlineData(CacheGeometry.Piece + 1)]
    [InlineData(3 * CacheGeometry.Piece - 4097)]
    public void An_object_may_end_anywhere(long size)
    {
        var known = new KnownObject(3, size);
        using var cache = Open();
        using var opened = known.Open(cache);
        for (var piece = 0L; piece < known.PieceCount; piece++)
        {
            known.Write(opened, piece);
            AssertWhole(known, opened, piece);
        }
    }

    [Fact]
    public void Zeroes_take_no_space_but_their_marks()
    {
        using var cache = Open();
        using var opened = cache.OpenObject("zeroes", 100 * CacheGeometry.Piece);
        for (var piece = 0; piece < 100; piece++)
            opened.Write(piece, 0, CacheGeometry.AllBlocks, []);
        var buffer = new byte[CacheGeometry.Piece];
        Array.Fill(buffer, (byte)1);
        Assert.Equal(CacheGeometry.AllBlocks, opened.Read(50, CacheGeometry.AllBlocks, buffer));
        Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(CacheGeometry.AllBlocks, opened.Zero(50));
        Assert.True(Allocated(opened) < 100_000, $"{Allocated(opened)} bytes on disk");
    }

    [Fact]
    public void What_the_kernel_has_in_memory_is_read_without_waiting()
    {
        var known = new KnownObject(4, CacheGeometry.Piece - 1000);
        using var cache = Open();
        using var opened = known.Open(cache);
        known.Write(opened, 0, 0x7FFF_FFF0u | (1u << 31));
        var buffer = new byte[CacheGeometry.Piece - 1000];
        var read = opened.ReadCached(0, CacheGeometry.AllBlocks, buffer);
        known.Check(0, read, buffer);
        Assert.SkipUnless(read != 0, "this filesystem cannot say what is in memory");
        Assert.Equal(0xFFFF_FFF0u, read);
    }

    [Fact]
    public void Objects_that_differ_in_nothing_but_their_identity_share_nothing()
    {
        using var cache = Open();
        using var one = cache.OpenObject("bucket/key etag-1", CacheGeometry.Piece);
        using var two = cache.OpenObject("bucket/key etag-2", CacheGeometry.Piece);
        Assert.NotEqual(one.Folder, two.Folder);
        one.Write(0, CacheGeometry.AllBlocks, 0, new byte[CacheGeometry.Piece]);
        Assert.Equal(0u, two.Present(0));
    }

    [Fact]
    public void An_object_of_five_tebibytes_costs_only_what_is_stored()
    {
        var known = new KnownObject(5, (5L << 40) + 12345);
        using var cache = Open();
        using var opened = known.Open(cache);
        Assert.False(opened.IsOff);
        foreach (var piece in new[] { 0, 1, known.PieceCount / 2, known.PieceCount - 1 })
        {
            known.Write(opened, piece);
            AssertWhole(known, opened, piece);
        }
        cache.Look();
        Assert.True(Allocated(opened) < 1_000_000, $"{Allocated(opened)} bytes on disk");
    }

    [Fact]
    public void Two_caches_over_one_folder_see_each_others_blocks_at_once()
    {
        var known = new KnownObject(6, 4 * CacheGeometry.Piece);
        using var one = Open();
        using var two = Open();
        using var writer = known.Open(one);
        using var reader = known.Open(two);
        known.Write(writer, 2);
        AssertWhole(known, reader, 2);
    }

    [Fact]
    public void Folders_and_files_are_for_their_owner_only()
    {
        using var cache = Open();
        using var opened = new KnownObject(7, 1000).Open(cache);
        const UnixFileMode file = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(file | UnixFileMode.UserExecute, File.GetUnixFileMode(CachePath));
        Assert.Equal(file | UnixFileMode.UserExecute, File.GetUnixFileMode(opened.Folder));
        Assert.All(Directory.GetFiles(CachePath, "*", SearchOption.AllDirectories), path => Assert.Equal(file, File.GetUnixFileMode(path)));
        Assert.Equal(["data", "identity", "index"], Directory.GetFiles(opened.Folder).Select(Path.GetFileName).Order());
        var identity = File.ReadAllText(Path.Combine(opened.Folder, "identity"));
        Assert.StartsWith("https://store.test/bucket/object-7 ", identity, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_others_may_write_is_refused()
    {
        Directory.CreateDirectory(CachePath);
        File.SetUnixFileMode(CachePath, (UnixFileMode)0x1FF);
        AssertRefused(CachePath, "may be written by other users");
    }

    [Fact]
    public void A_folder_of_another_user_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a folder away");
        Directory.CreateDirectory(CachePath);
        Assert.NotNull(Shell.Run("chown", "65534", CachePath));
        AssertRefused(CachePath, "belongs to another user");
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_refused() =>
        AssertRefused(_folder.AddFile([1]), "cannot make the cache folder");

    [Fact]
    public void A_folder_on_a_read_only_filesystem_is_refused()
    {
        using var mounted = MountedFolder.Mount(1024 * 1024);
        File.SetUnixFileMode(mounted.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        mounted.MakeReadOnly();
        AssertRefused(mounted.Path, "the filesystem or device is read-only");
    }

    private string CachePath => Path.Combine(_folder.Path, "cache");

    private DiskCache Open() => DiskCache.Open(CachePath, Limit, _log);

    private static void AssertRefused(string path, string reason)
    {
        var e = Assert.Throws<BlockDeviceException>(() => DiskCache.Open(path, Limit, NullLogger.Instance));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    private static void AssertWhole(KnownObject known, DiskCacheObject opened, long piece)
    {
        var all = CacheGeometry.BlocksIn(piece, known.Size);
        Assert.Equal(all, opened.Present(piece));
        Assert.Equal(known.Zeroes(piece), opened.Zero(piece));
        Assert.Equal(all, known.ReadAndCheck(opened, piece));
    }

    private static long Allocated(DiskCacheObject opened)
    {
        using var folder = DiskFolder.OpenRoot(opened.Folder);
        return folder.Allocated();
    }
}
