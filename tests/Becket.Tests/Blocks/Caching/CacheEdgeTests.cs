using Becket.Blocks;
using Becket.Blocks.Caching;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

/// <summary>Moments that are easy to get wrong: what is forgotten between two looks, what is under way when a device closes.</summary>
public sealed class CacheEdgeTests
{
    private static readonly CacheSettings PieceOnly = new() { Zone = 0, Readahead = 0 };

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_long_read_of_zeroes_is_fetched_once_though_zeroes_keep_no_memory()
    {
        var source = new RangedSource(new byte[20 * Piece]);
        using var cache = NewCache();
        await using var device = Open(source, cache, PieceOnly);
        await device.ReadAsync(0, new byte[20 * Piece], Token); // all of it has come, and left memory, before the second piece is copied
        await device.WhenIdleAsync();
        Assert.Equal(20 * Piece, source.OpenedBytes);
        Assert.Equal(0, cache.Memory.Used);
    }

    [Fact]
    public async Task A_second_old_request_that_fails_is_made_good_as_the_first_one_is()
    {
        var content = NewContent(2 * Piece);
        var source = new RangedSource(content);
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        source.Opening = async (range, _) => await (range.Offset == 0 ? first : second).Task;
        using var cache = NewCache();
        await using var device = Open(source, cache, PieceOnly);
        await device.PrefetchAsync(new ByteRange(0, 8 * Block), Token);
        await device.PrefetchAsync(new ByteRange(8 * Block, 8 * Block), Token);
        _time.Advance(TimeSpan.FromSeconds(20));

        var buffer = new byte[16 * Block];
        var read = device.ReadAsync(0, buffer, Token).AsTask();
        first.SetResult();
        source.Opening = static (_, _) => default;
        second.SetException(new BlockDeviceException(BlockError.Io, "its time was over"));
        await read;
        SameBytes.Check(content.AsSpan(0, buffer.Length), buffer);
    }

    [Fact]
    public async Task Closing_ends_reads_that_wait_for_their_turn_too()
    {
        var source = new RangedSource(NewContent(40 * Piece))
        {
            Opening = static async (_, token) => await Task.Delay(Timeout.Infinite, token),
        };
        using var cache = NewCache();
        var device = Open(source, cache, PieceOnly with { Connections = 1 });
        var reads = Enumerable.Range(0, 4).Select(i => device.ReadAsync(i * 10 * Piece, new byte[10], Token).AsTask()).ToList();
        await device.DisposeAsync();
        foreach (var read in reads)
        {
            var e = await Assert.ThrowsAsync<BlockDeviceException>(() => read);
            Assert.Contains("being closed", e.Message, StringComparison.Ordinal);
        }
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.ReadAsync(0, new byte[10], Token));
    }

    [Fact]
    public async Task A_slow_line_still_fetches_all_of_a_device_where_that_is_wanted()
    {
        var source = new RangedSource(new byte[48 * 1024 * 1024])
        {
            Reading = async (_, _, _) =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(10)); // less than 1 MB/s: hardly anything may wait in the background
                await Task.Yield();
                return 8192;
            },
        };
        using var cache = new BlockCache(64 * 1024 * 1024, disk: null);
        await using var device = Open(source, cache, PieceOnly with { Prefetch = PrefetchMode.All });
        await device.WhenIdleAsync();
        Assert.Equal(source.Info.Size, source.OpenedBytes);
    }

    [Fact]
    public async Task Nothing_more_is_fetched_for_nobody_once_a_request_has_failed_for_good()
    {
        var source = new RangedSource(new byte[60 * 1024 * 1024])
        {
            Opening = static (_, _) => throw new BlockDeviceException(BlockError.Io, "the object was replaced"),
        };
        using var cache = new BlockCache(64 * 1024 * 1024, disk: null);
        await using var device = Open(source, cache, PieceOnly with { Prefetch = PrefetchMode.All, Connections = 2 });
        await device.WhenIdleAsync();
        Assert.Single(source.Opened);
    }

    [Fact]
    public async Task All_of_a_device_is_fetched_though_the_store_was_away_for_a_while()
    {
        var isAway = true;
        var source = new RangedSource(NewContent(60 * 1024 * 1024));
        source.Opening = (range, _) => isAway && range.Offset % (8 * 1024 * 1024) == 0
            ? throw new BlockDeviceException(BlockError.Io, "the store is away") { IsTransient = true }
            : default;
        using var cache = new BlockCache(96 * 1024 * 1024, disk: null);
        await using var device = Open(source, cache, PieceOnly with { Prefetch = PrefetchMode.All, Connections = 4 });
        await device.WhenIdleAsync();
        Assert.True(device.BytesInMemory < source.Info.Size);
        var asked = source.Opened.Count;
        Assert.Contains(source.Opened, range => range.Offset == 0);

        // It rests longer each time, and asks for little meanwhile.
        _time.Advance(TimeSpan.FromMilliseconds(999));
        await device.WhenIdleAsync();
        Assert.Equal(asked, source.Opened.Count);
        for (var rest = TimeSpan.FromSeconds(1); rest < TimeSpan.FromMinutes(1); rest *= 2)
            await RestAsync(device, rest);
        Assert.True(device.BytesInMemory < source.Info.Size);

        isAway = false;
        await RestAsync(device, TimeSpan.FromMinutes(1));
        Assert.Equal(source.Info.Size, device.BytesInMemory);
        Assert.Equal(source.Info.Size, source.Opened.Distinct().Sum(range => range.Length));
    }

    /// <summary>Lets the time pass that the feeds rest at most.</summary>
    private async Task RestAsync(CacheFilter device, TimeSpan time)
    {
        _time.Advance(time);
        await device.WhenIdleAsync();
    }

    private static BlockCache NewCache() => new(BlockCache.MinimumMemory, disk: null);

    private static byte[] NewContent(int size)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        return content;
    }

    private CacheFilter Open(RangedSource source, BlockCache cache, CacheSettings settings) =>
        new(source, cache, identity: null, settings, _time, NullLogger.Instance);
}
