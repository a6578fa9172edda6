using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>What goes when there is too much, and that it is really gone.</summary>
public sealed class DiskEvictionTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;
    private const int Piece = CacheGeometry.Piece;
    private const long Limit = 100 * Piece;

    private static readonly byte[] Noise = new KnownObject(20, Piece).Bytes(0);

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public void Dispose()
    {
        Assert.Empty(_log.Warnings);
        _folder.Dispose();
    }

    [Fact]
    public void The_oldest_pieces_go_first_whatever_object_they_belong_to()
    {
        using var cache = Open(1L << 30);
        using var one = cache.OpenObject("one", 1000 * Piece);
        using var two = cache.OpenObject("two", 1000 * Piece);
        for (var i = 0; i < 60; i++)
        {
            Write(one, 999 - i);
            Write(two, i);
        }
        Evict();
        var left = Enumerable.Range(0, 60).SelectMany(i => new[] { one.Present(999 - i) != 0, two.Present(i) != 0 }).ToList();
        var firstLeft = left.IndexOf(true);
        Assert.InRange(firstLeft, 20, 30); // 120 pieces and their index down to 95
        Assert.DoesNotContain(false, left.Skip(firstLeft));
        AssertWithin(DiskEviction.Goal(Limit));
    }

    [Fact]
    public void What_is_used_again_outlives_a_scan()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 2000 * Piece);
        for (var piece = 0; piece < 40; piece++)
            Write(opened, piece);
        for (var round = 0; round < 5; round++)
        {
            UseInANewPeriod(cache, opened, Enumerable.Range(0, 40));
            for (var piece = 0; piece < 100; piece++)
                Write(opened, 100 + (round * 100) + piece);
            cache.FlushUses();
            Evict();
        }
        for (var piece = 0; piece < 40; piece++)
            Assert.Equal(All, opened.Present(piece));
    }

    [Fact]
    public void Reading_from_disk_is_a_use()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        cache.FlushUses();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1u, opened.Read(0, 1, new byte[Piece]));
        cache.FlushUses();
        Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.Equal(0u, opened.Present(1));
    }

    [Fact]
    public void The_reads_of_the_pass_that_fetched_a_piece_are_no_use_that_saves_it()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
        {
            Write(opened, piece);
            opened.Use(piece);
        }
        cache.FlushUses();
        Evict();
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(119));
    }

    [Fact]
    public void The_hand_goes_on_where_it_stopped()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        UseInANewPeriod(cache, opened, Enumerable.Range(0, 10));
        Evict();
        Assert.Equal(All, opened.Present(9)); // lost its sign of use only
        Assert.Equal(0u, opened.Present(10));
        for (var piece = 120; piece < 140; piece++)
            Write(opened, piece);
        Evict();
        Assert.Equal(All, opened.Present(0));
    }

    [Fact]
    public void When_all_of_it_is_in_use_the_oldest_go_all_the_same()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        UseInANewPeriod(cache, opened, Enumerable.Range(0, 120));
        Evict();
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(119));
        AssertWithin(DiskEviction.Goal(Limit));
    }

    [Fact]
    public void What_was_evicted_can_be_stored_again()
    {
        var known = new KnownObject(21, 200 * Piece);
        using var cache = Open(1L << 30);
        using var opened = known.Open(cache);
        for (var round = 0; round < 2; round++)
        {
            for (var piece = 0; piece < 200; piece++)
            {
                known.Write(opened, piece);
                Assert.Equal(All, known.ReadAndCheck(opened, piece));
                _time.Advance(TimeSpan.FromMilliseconds(1));
            }
            Evict();
            for (var piece = 0; piece < 200; piece++)
                Assert.Equal(opened.Present(piece), known.ReadAndCheck(opened, piece));
        }
        Assert.Equal(0, opened.DamagedBlocks);
    }

    [Fact]
    public void A_process_that_writes_keeps_the_folder_within_its_limit_and_a_step()
    {
        var known = new KnownObject(22, 3000 * Piece);
        using var cache = Open(Limit);
        using var opened = known.Open(cache);
        var bytes = known.Bytes(0); // of any piece: nothing is read back
        for (var piece = 0; piece < 800; piece++)
        {
            opened.Write(piece, All, 0, bytes);
            if (piece % 50 == 0)
                AssertWithin(Limit + DiskCache.StepFor(Limit) + Piece);
        }
        cache.Look();
        AssertWithin(Limit);
        Assert.False(opened.IsOff);
    }

    [Fact]
    public void A_smaller_limit_holds_as_soon_as_it_is_looked_at()
    {
        using (var cache = Open(1L << 30))
        {
            using var opened = cache.OpenObject("disk", 1000 * Piece);
            for (var piece = 0; piece < 300; piece++)
                Write(opened, piece);
        }
        Evict();
        AssertWithin(DiskEviction.Goal(Limit));
    }

    [Fact]
    public void The_index_of_a_large_object_that_was_read_through_is_given_back()
    {
        const long size = 5L << 40;
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("large", size);
        for (var i = 0; i < 4000; i++) // each has a page of marks to itself: 16 MiB, more than the limit
        {
            opened.Write(i * 20, 0, All, []);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
        Assert.True(Allocated() > Limit, $"{Allocated()} bytes");
        Evict();
        AssertWithin(Limit);
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(2000 * 20)); // and no more than necessary
    }

    [Fact]
    public void Bytes_that_no_record_leads_to_are_given_back()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        using (var index = File.Open(Path.Combine(opened.Folder, "index"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            index.Position = DiskIndex.Page;
            index.Write(new byte[100 * 8]); // the records of the first 100 pieces
        }
        Evict();
        AssertWithin(DiskEviction.Goal(Limit));
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(100)); // and nothing else had to go
    }

    [Fact]
    public void An_object_of_which_nothing_is_left_goes_with_its_folder_unless_it_is_open()
    {
        string closedFolder, openFolder;
        using var cache = Open(1L << 30);
        using (var closed = cache.OpenObject("closed", 1000 * Piece))
        {
            Write(closed, 5);
            closedFolder = closed.Folder;
            File.WriteAllText(Path.Combine(closed.Folder, "boot"), "a file that somebody put beside");
        }
        using var open = cache.OpenObject("open", 1000 * Piece);
        Write(open, 5);
        openFolder = open.Folder;
        using var other = cache.OpenObject("other", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(other, piece);
        Evict();
        Assert.False(Directory.Exists(closedFolder));
        Assert.True(Directory.Exists(openFolder));
        Assert.Equal(0u, open.Present(5));
        Write(open, 5);
        Assert.Equal(All, open.Present(5));
    }

    [Fact]
    public void What_is_not_of_the_cache_is_neither_counted_nor_deleted()
    {
        using var cache = Open(1L << 30);
        Directory.CreateDirectory(Path.Combine(CachePath, "mine"));
        File.WriteAllBytes(Path.Combine(CachePath, "mine", "large"), new byte[2 * Limit]);
        File.WriteAllBytes(Path.Combine(CachePath, "large"), new byte[2 * Limit]);
        using var opened = cache.OpenObject("disk", 10 * Piece);
        Write(opened, 0);
        Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.True(File.Exists(Path.Combine(CachePath, "mine", "large")));
        Assert.True(File.Exists(Path.Combine(CachePath, "large")));
    }

    [Fact]
    public void A_piece_that_is_being_written_is_not_evicted()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        using (LockAsWriter(opened, 0))
            Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.Equal(0u, opened.Present(1));
    }

    [Fact]
    public void A_piece_that_is_being_evicted_is_not_written_and_nobody_waits()
    {
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        using (Lock(opened, 3, RangeLockKind.Exclusive))
        {
            Write(opened, 3);
            Write(opened, 4);
        }
        Assert.Equal(0u, opened.Present(3));
        Assert.Equal(All, opened.Present(4));
        Write(opened, 3);
        Assert.Equal(All, opened.Present(3));
    }

    [Fact]
    public void Locks_of_two_descriptions_exclude_each_other_within_one_process()
    {
        using var folder = DiskFolder.OpenRoot(_folder.Path);
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
        using var cache = Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            Write(opened, piece);
        using (var folder = DiskCacheFolder.Open(CachePath))
        using (folder.TryTakeHand())
            Evict();
        Assert.Equal(All, opened.Present(0));
        Evict();
        Assert.Equal(0u, opened.Present(0));
    }

    [Fact]
    public void Of_many_candidates_the_oldest_behind_the_hand_are_kept()
    {
        var random = new Random(5);
        var all = Enumerable.Range(0, 10_000).Select(i => new EvictionCandidate(1 + i, i % 3, i)).ToArray();
        random.Shuffle(all);
        var candidates = new EvictionCandidates(hand: 700, capacity: 100);
        foreach (var candidate in all)
            candidates.Add(candidate);
        Assert.Equal(Enumerable.Range(701, 100).Select(i => (long)i), candidates.InOrder().Select(candidate => candidate.Sequence));
    }

    private string CachePath => Path.Combine(_folder.Path, "cache");

    private DiskCache Open(long limit) => DiskCache.Open(CachePath, limit, _time, _log);

    /// <summary>Another process' look, with the small limit.</summary>
    private void Evict()
    {
        using var cache = Open(Limit);
        cache.Look();
    }

    private void UseInANewPeriod(DiskCache cache, DiskCacheObject opened, IEnumerable<int> pieces)
    {
        cache.FlushUses();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        foreach (var piece in pieces)
            opened.Use(piece);
        cache.FlushUses();
    }

    /// <summary>A whole piece, a moment after the one before.</summary>
    private void Write(DiskCacheObject opened, long piece)
    {
        opened.Write(piece, All, 0, Noise);
        _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private static DiskFile LockAsWriter(DiskCacheObject opened, long piece) => Lock(opened, piece, RangeLockKind.Shared);

    private static DiskFile Lock(DiskCacheObject opened, long piece, RangeLockKind kind)
    {
        using var folder = DiskFolder.OpenRoot(opened.Folder);
        var data = folder.OpenFile("data")!;
        Assert.True(data.TryLock(kind, piece * Piece, Piece));
        return data;
    }

    private long Allocated()
    {
        using var folder = DiskCacheFolder.Open(CachePath);
        return folder.Allocated();
    }

    private void AssertWithin(long bytes) => Assert.True(Allocated() <= bytes, $"{Allocated()} bytes on disk, more than {bytes}");
}
