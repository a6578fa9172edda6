using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Which pieces go first when there is too much, and which uses save a piece.</summary>
public sealed class DiskEvictionOrderTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;
    private const int Piece = CacheGeometry.Piece;

    private readonly CrowdedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_oldest_pieces_go_first_whatever_object_they_belong_to()
    {
        using var cache = _folder.Open(1L << 30);
        using var one = cache.OpenObject("one", 1000 * Piece);
        using var two = cache.OpenObject("two", 1000 * Piece);
        for (var i = 0; i < 60; i++)
        {
            _folder.Write(one, 999 - i);
            _folder.Write(two, i);
        }
        _folder.Evict();
        var left = Enumerable.Range(0, 60).SelectMany(i => new[] { one.Present(999 - i) != 0, two.Present(i) != 0 }).ToList();
        var firstLeft = left.IndexOf(true);
        Assert.InRange(firstLeft, 20, 30); // 120 pieces and their index down to 95
        Assert.DoesNotContain(false, left.Skip(firstLeft));
        _folder.AssertWithin(DiskEviction.Goal(CrowdedFolder.Limit));
    }

    [Fact]
    public void What_is_used_again_outlives_a_scan()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 2000 * Piece);
        for (var piece = 0; piece < 40; piece++)
            _folder.Write(opened, piece);
        for (var round = 0; round < 5; round++)
        {
            _folder.UseInANewPeriod(cache, opened, Enumerable.Range(0, 40));
            for (var piece = 0; piece < 100; piece++)
                _folder.Write(opened, 100 + (round * 100) + piece);
            cache.FlushUses();
            _folder.Evict();
        }
        for (var piece = 0; piece < 40; piece++)
            Assert.Equal(All, opened.Present(piece));
    }

    [Fact]
    public void Reading_from_disk_is_a_use()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        cache.FlushUses();
        _folder.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1u, opened.Read(0, 1, new byte[Piece]));
        cache.FlushUses();
        _folder.Evict();
        Assert.Equal(All, opened.Present(0));
        Assert.Equal(0u, opened.Present(1));
    }

    [Fact]
    public void The_reads_of_the_pass_that_fetched_a_piece_are_no_use_that_saves_it()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
        {
            _folder.Write(opened, piece);
            opened.Use(piece);
        }
        cache.FlushUses();
        _folder.Evict();
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(119));
    }

    [Fact]
    public void The_hand_goes_on_where_it_stopped()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        _folder.UseInANewPeriod(cache, opened, Enumerable.Range(0, 10));
        _folder.Evict();
        Assert.Equal(All, opened.Present(9)); // lost its sign of use only
        Assert.Equal(0u, opened.Present(10));
        for (var piece = 120; piece < 140; piece++)
            _folder.Write(opened, piece);
        _folder.Evict();
        Assert.Equal(All, opened.Present(0));
    }

    [Fact]
    public void When_all_of_it_is_in_use_the_oldest_go_all_the_same()
    {
        using var cache = _folder.Open(1L << 30);
        using var opened = cache.OpenObject("disk", 1000 * Piece);
        for (var piece = 0; piece < 120; piece++)
            _folder.Write(opened, piece);
        _folder.UseInANewPeriod(cache, opened, Enumerable.Range(0, 120));
        _folder.Evict();
        Assert.Equal(0u, opened.Present(0));
        Assert.Equal(All, opened.Present(119));
        _folder.AssertWithin(DiskEviction.Goal(CrowdedFolder.Limit));
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
}
