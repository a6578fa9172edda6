using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

public sealed class CacheMapTests : IDisposable
{
    private const int Size = (8 * Piece) + Block;

    private static readonly CacheSettings PieceOnly = new() { Zone = 0, Readahead = 0 };

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = new byte[Size];

    public CacheMapTests()
    {
        new Random(4).NextBytes(_content);
        _content.AsSpan(3 * Piece, Piece / 2).Clear();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nothing_is_anywhere_before_the_first_read()
    {
        using var cache = new BlockCache(BlockCache.MinimumMemory, disk: null);
        await using var device = Open(cache);
        var map = device.Map(2 * Piece);
        Assert.Equal(5, map.Memory.Length);
        Assert.All(
            (float[][])[map.Memory, map.Disk, map.Zero, map.Pending],
            static shares => Assert.All(shares, static share => Assert.Equal(0, share)));
    }

    [Fact]
    public async Task What_was_read_is_in_memory_and_zeroes_count_as_zeroes_alone()
    {
        using var cache = new BlockCache(BlockCache.MinimumMemory, disk: null);
        await using var device = Open(cache);
        await device.ReadAsync(0, new byte[1], Token);
        await device.ReadAsync(3 * Piece, new byte[1], Token);
        await device.ReadAsync(8 * Piece, new byte[1], Token);
        await device.WhenIdleAsync();

        var map = device.Map(2 * Piece);
        Assert.Equal([0.5f, 0.25f, 0, 0, 1], map.Memory);
        Assert.Equal([0, 0.25f, 0, 0, 0], map.Zero);
        Assert.Equal([0, 0, 0, 0, 0], map.Disk);
        Assert.Equal([0, 0, 0, 0, 0], map.Pending);
    }

    [Fact]
    public async Task What_is_on_its_way_is_pending_until_it_is_here()
    {
        var more = new TaskCompletionSource();
        using var cache = new BlockCache(BlockCache.MinimumMemory, disk: null);
        await using var device = Open(cache, async (_, token) => await more.Task.WaitAsync(token));
        var read = device.ReadAsync(Piece, new byte[1], Token).AsTask();
        Assert.Equal([0, 1, 0, 0, 0, 0, 0, 0, 0], device.Map(Piece).Pending);
        more.SetResult();
        await read;
        await device.WhenIdleAsync();
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0], device.Map(Piece).Pending);
        Assert.Equal([0, 1, 0, 0, 0, 0, 0, 0, 0], device.Map(Piece).Memory);
    }

    [Fact]
    public async Task What_an_earlier_process_left_on_disk_is_shown_before_anybody_asks_for_it()
    {
        using (var cache = OpenOnDisk())
        {
            await using var device = Open(cache);
            await device.ReadAsync(2 * Piece, new byte[1], Token);
            await device.ReadAsync(8 * Piece, new byte[1], Token);
            await device.WhenIdleAsync();
            Assert.Equal([0, 0, 1, 0, 0, 0, 0, 0, 1], device.Map(Piece).Disk);
        }

        using (var cache = OpenOnDisk())
        {
            await using var device = Open(cache);
            Assert.Equal([0, 0, 1, 0, 0, 0, 0, 0, 1], device.Map(Piece).Disk);
            Assert.All(device.Map(Piece).Memory, static share => Assert.Equal(0, share));
            var totals = cache.Totals;
            Assert.Equal(0, totals.MemoryUsed);
            Assert.Equal(1 << 30, totals.Disk!.Limit);
            Assert.False(totals.Disk.IsOff);
        }
    }

    [Fact]
    public async Task Evictions_are_counted()
    {
        using var cache = BlockCache.OfPieces(2, disk: null);
        await using var device = Open(cache);
        for (var piece = 0; piece < 5; piece++)
        {
            await device.ReadAsync(piece * Piece, new byte[1], Token);
            await device.WhenIdleAsync();
        }
        // The fourth is half zeroes, and takes a slot all the same.
        Assert.Equal(3, cache.Totals.MemoryEvictions);
        Assert.Equal(2 * Piece, cache.Totals.MemoryUsed);
    }

    private BlockCache OpenOnDisk() => new(BlockCache.MinimumMemory, DiskCache.Open(_folder.Path, 1 << 30, NullLogger.Instance));

    private CacheFilter Open(BlockCache cache, Func<Becket.Blocks.ByteRange, CancellationToken, ValueTask>? opening = null)
    {
        var source = new RangedSource(_content);
        if (opening is not null)
            source.Opening = opening;
        return new CacheFilter(source, cache, "an object", PieceOnly, TimeProvider.System, NullLogger.Instance);
    }
}
