using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>The folder is within its limit afterwards: what goes is really gone, and what is not of the cache stays.</summary>
public sealed class DiskEvictionLimitTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;
    private const int Piece = CacheGeometry.Piece;
    private const long Limit = CrowdedFolder.Limit;

    private readonly CrowdedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_evicted_can_be_stored_again()
    {
        var known = new KnownObject(21, 200 * Piece);
        using var cache = _folder.Open(1L << 30);
        using var opened = known.Open(cache);
        for (var round = 0; round < 2; round++)
        {
            for (var piece = 0; piece < 200; piece++)
            {
                known.Write(opened, piece);
                Assert.Equal(All, known.ReadAndCheck(opened, piece));
                _folder.Time.Advance(TimeSpan.FromMilliseconds(1));
            }
            _folder.Evict();
            for (var piece = 0; piece < 200; piece++)
                Assert.Equal(opened.Present(piece), known.ReadAndCheck(opened, piece));
        }
        Assert.Equal(0, opened.DamagedBlocks);
    }

    [Fact]
    public void A_process_that_writes_keeps_the_folder_within_its_limit_and_a_step()
    {
        var known = new KnownObject(22, 3000 * Piece);
        using var cache = _folder.Open(Limit);
        using var opened = known.Open(cache);
        var bytes = known.Bytes(0); // of any piece: nothing is read back
        for (var piece = 0; piece < 800; piece++)
        {
            opened.Write(piece, All, 0, bytes);
            if (piece % 50 == 0)
                _folder.AssertWithin(Limit + DiskCache.StepFor(Limit) + Piece);
        }
        cache.Look();
        _folder.AssertWithin(Limit);
        Assert.False(opened.IsOff);
    }

    [Fact]
    public void A_smaller_limit_holds_as_soon_as_it_is_looked_at()
    {
        using (var cache = _folder.Open(1L << 30))
        {
            using var opened = cache.OpenObject("disk", 1000 * Piece);
            for (var piece = 0; piece < 300; piece++)
                _folder.Write(opened, piece);
        }
        _folder.Evict();
        _folder.AssertWithin(DiskEviction.Goal(Limit));
    }

    [Fact]
    public void The_index_of_a_large_object_that_was_read_through_is_given_back()
    {
        const long size = 5L << 40;
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("large", size);
        for (var i = 0; i < 4000; i++) // each has a page of marks to itself: 16 MiB, more than the limit
        {
            opened.Write(i * 20, 0, All, []);
            _folder.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
        Assert.True(_folder.Allocated() > Limit, $"{_folder.Allocated()} bytes");
        _folder.Evict();
        _folder.AssertWithin(Limit);
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(2000 * 20)); // and no more than necessary
    }

    [Fact]
    public void Bytes_that_no_record_leads_to_are_given_back()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        using (var index = File.Open(Path.Combine(opened.Folder, "index"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            index.Position = DiskIndex.Page;
            index.Write(new byte[100 * 8]); // the records of the first 100 pieces
        }
        _folder.Evict();
        _folder.AssertWithin(DiskEviction.Goal(Limit));
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(100)); // and nothing else had to go
    }

    [Fact]
    public void An_object_of_which_nothing_is_left_goes_with_its_folder_unless_it_is_open()
    {
        string closedFolder, openFolder;
        using var cache = _folder.Open(1L << 30);
        using (var closed = cache.OpenObject("closed", 1000 * Piece))
        {
            _folder.Write(closed, 5);
            closedFolder = closed.Folder;
            File.WriteAllText(Path.Combine(closed.Folder, "boot"), "a file that somebody put beside");
        }
        using var open = cache.OpenObject("open", 1000 * Piece);
        _folder.Write(open, 5);
        openFolder = open.Folder;
        using var other = cache.OpenObject("other", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(other, piece);
        _folder.Evict();
        Assert.False(Directory.Exists(closedFolder));
        Assert.True(Directory.Exists(openFolder));
        Assert.Equal(0u, open.Present(5));
        _folder.Write(open, 5);
        Assert.Equal(All, open.Present(5));
    }

    [Fact]
    public void What_is_not_of_the_cache_is_neither_counted_nor_deleted()
    {
        using var cache = _folder.Open(1L << 30);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "mine"));
        File.WriteAllBytes(Path.Combine(_folder.Path, "mine", "large"), new byte[2 * Limit]);
        File.WriteAllBytes(Path.Combine(_folder.Path, "large"), new byte[2 * Limit]);
        using var opened = cache.OpenObject("disk", 10 * Piece);
        _folder.Write(opened, 0);
        _folder.Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "mine", "large")));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "large")));
    }
}
