using Becket.Blocks;
using Becket.Blocks.Caching;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

public sealed class CacheFilterTests : IAsyncDisposable
{
    private const int Size = (40 * Piece) + 12_345;

    private static readonly CacheSettings PieceOnly = new() { Zone = 0, Readahead = 0 };

    private readonly byte[] _content = new byte[Size];
    private readonly BlockCache _cache = new(BlockCache.MinimumMemory, disk: null);
    private readonly RangedSource _source;
    private CacheFilter? _device;

    public CacheFilterTests()
    {
        new Random(1).NextBytes(_content);
        _content.AsSpan(5 * Piece, Piece).Clear();
        _content.AsSpan((7 * Piece) + (3 * Block), 2 * Block).Clear();
        _source = new RangedSource(_content);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_device is not null)
            await _device.DisposeAsync();
        Assert.Equal(0, _source.OpenStreams);
        Assert.Equal(0, _cache.Memory.Used);
        _cache.Dispose();
    }

    [Fact]
    public async Task What_was_read_once_is_answered_on_the_spot_without_the_store()
    {
        var device = Open(PieceOnly);
        await ReadAsync(device, 1000, 5000);
        var requests = _source.Opened.Count;
        var buffer = new byte[5000];
        Assert.True(device.TryRead(1000, buffer));
        SameBytes.Check(_content.AsSpan(1000, 5000), buffer);
        Assert.Equal(requests, _source.Opened.Count);
    }

    [Fact]
    public async Task A_miss_brings_in_its_piece_whole()
    {
        var device = Open(PieceOnly);
        await ReadAsync(device, (3 * Piece) + 70_000, 10);
        await IdleAsync(device);
        Assert.Equal(Piece, _source.OpenedBytes);
        Assert.All(_source.Opened, range => Assert.Equal(3, range.Offset / Piece));
    }

    [Fact]
    public async Task A_read_is_answered_when_its_bytes_have_come_not_when_the_whole_request_has()
    {
        var more = new TaskCompletionSource();
        _source.Reading = async (range, position, token) =>
        {
            if (position >= range.Offset + (2 * Block))
                await more.Task.WaitAsync(token);
            return Block;
        };
        var device = Open(PieceOnly);
        await ReadAsync(device, 100, 5000); // within the first two blocks; the rest of the piece has not come

        var later = ReadAsync(device, 10 * Block, 10);
        Assert.False(later.IsCompleted);
        more.SetResult();
        await later;
        Assert.Single(_source.Opened);
    }

    [Fact]
    public async Task Many_readers_of_one_block_make_one_request()
    {
        var go = new TaskCompletionSource();
        _source.Opening = async (_, token) => await go.Task.WaitAsync(token);
        var device = Open(PieceOnly);
        var reads = Enumerable.Range(0, 50).Select(i => ReadAsync(device, i, 3000)).ToArray();
        go.SetResult();
        await Task.WhenAll(reads);
        Assert.Single(_source.Opened);
    }

    [Fact]
    public async Task A_reader_that_gives_up_leaves_the_request_to_the_others()
    {
        var go = new TaskCompletionSource();
        _source.Opening = async (_, token) => await go.Task.WaitAsync(token);
        var device = Open(PieceOnly);
        using var givingUp = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var leaver = device.ReadAsync(0, new byte[10], givingUp.Token).AsTask();
        var stayer = ReadAsync(device, 5, 100);
        await givingUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        go.SetResult();
        await stayer;
        Assert.Single(_source.Opened);
    }

    [Fact]
    public async Task A_failed_request_fails_its_readers_and_the_next_read_tries_again()
    {
        var device = Open(PieceOnly);
        _source.Opening = (_, _) => throw new BlockDeviceException(BlockError.Io, "the store is away");
        var e = await Assert.ThrowsAsync<BlockDeviceException>(() => ReadAsync(device, 0, 10));
        Assert.Contains("the store is away", e.Message);
        _source.Opening = static (_, _) => default;
        await ReadAsync(device, 0, 10);
    }

    [Fact]
    public async Task A_body_that_breaks_keeps_the_blocks_that_came()
    {
        var go = new TaskCompletionSource();
        var device = Open(PieceOnly);
        _source.Opening = async (_, token) => await go.Task.WaitAsync(token);
        _source.Reading = (range, position, _) => position >= range.Offset + (4 * Block) + 100
            ? throw new BlockDeviceException(BlockError.Io, "broken")
            : ValueTask.FromResult(Block + 50);
        var reading = ReadAsync(device, 20 * Block, 10);
        go.SetResult(); // now that it waits: a reader that comes when all is over asks once more
        await Assert.ThrowsAsync<BlockDeviceException>(() => reading);
        _source.Reading = static (_, _, _) => ValueTask.FromResult(int.MaxValue);
        await IdleAsync(device);
        await ReadAsync(device, 0, Piece);
        Assert.Equal(2, _source.Opened.Count(range => range.Offset < Piece));
        Assert.Equal(4 * Block, _source.Opened.Last().Offset);
    }

    [Fact]
    public async Task A_body_that_ends_early_is_an_error_and_no_data()
    {
        var device = Open(PieceOnly);
        _source.Reading = (range, position, _) => ValueTask.FromResult(position >= range.Offset + Block ? 0 : Block);
        var e = await Assert.ThrowsAsync<BlockDeviceException>(() => ReadAsync(device, 2 * Block, 10));
        Assert.Equal(BlockError.Io, e.Error);
    }

    [Fact]
    public async Task Known_zeroes_are_told_and_take_no_memory()
    {
        var device = Open(PieceOnly);
        Assert.Equal([new Extent(new ByteRange(0, Size), ExtentKind.Data)], await ExtentsAsync(device, new ByteRange(0, Size)));
        await ReadAsync(device, 5 * Piece, Piece);
        await ReadAsync(device, 7 * Piece, Piece);
        await IdleAsync(device);

        Assert.Equal(1, _cache.Memory.Used);
        var zero = ExtentKind.Zero | ExtentKind.Hole;
        Assert.Equal(
            [
                new Extent(new ByteRange(4 * Piece, Piece), ExtentKind.Data),
                new Extent(new ByteRange(5 * Piece, Piece), zero),
                new Extent(ByteRange.FromBounds(6 * Piece, (7 * Piece) + (3 * Block)), ExtentKind.Data),
                new Extent(new ByteRange((7 * Piece) + (3 * Block), 2 * Block), zero),
                new Extent(ByteRange.FromBounds((7 * Piece) + (5 * Block), 9 * Piece), ExtentKind.Data),
            ],
            await ExtentsAsync(device, ByteRange.FromBounds(4 * Piece, 9 * Piece)));
        await ReadAsync(device, (5 * Piece) - 100, Piece + 200);
    }

    [Fact]
    public async Task A_hint_brings_a_range_in_that_is_then_answered_on_the_spot()
    {
        var device = Open(PieceOnly);
        await device.PrefetchAsync(ByteRange.FromBounds(10 * Piece, 12 * Piece), Token);
        await IdleAsync(device);
        Assert.Equal(2 * Piece, _source.OpenedBytes);
        await ReadAsync(device, 10 * Piece, 2 * Piece);
        Assert.Equal(2 * Piece, _source.OpenedBytes);
    }

    [Fact]
    public async Task A_sequential_reader_is_read_ahead_of()
    {
        var device = Open(new CacheSettings { Zone = 0 });
        for (var offset = 0; offset < 8 * Piece; offset += Piece)
            await ReadAsync(device, offset, Piece);
        await IdleAsync(device);
        Assert.True(_source.OpenedBytes > 10 * Piece, $"only {_source.OpenedBytes} bytes were fetched");
    }

    [Fact]
    public async Task A_read_that_does_not_come_in_time_is_an_error()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        _source.Opening = static async (_, token) => await Task.Delay(Timeout.Infinite, token);
        var device = _device = new CacheFilter(_source, _cache, identity: null, PieceOnly, time, NullLogger.Instance);
        var read = device.ReadAsync(0, new byte[10], Token).AsTask();
        time.Advance(PieceOnly.ReadDeadline);
        var e = await Assert.ThrowsAsync<BlockDeviceException>(() => read);
        Assert.Equal(BlockError.Io, e.Error);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task Closing_ends_what_is_on_its_way()
    {
        _source.Opening = static async (_, token) => await Task.Delay(Timeout.Infinite, token);
        var device = Open(new CacheSettings());
        var read = device.ReadAsync(0, new byte[10], Token).AsTask();
        await device.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => read);
        _device = null;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task More_than_fits_into_memory_is_still_read_right(int seed)
    {
        var content = new byte[3 * (int)BlockCache.MinimumMemory];
        new Random(seed).NextBytes(content);
        var source = new RangedSource(content) { Reading = static (_, _, _) => ValueTask.FromResult(Random.Shared.Next(1, 100_000)) };
        await using var device = new CacheFilter(
            source, _cache, identity: null, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(reader => Task.Run(
            async () =>
            {
                var random = new Random((seed * 100) + reader);
                for (var i = 0; i < 300; i++)
                {
                    var offset = random.Next(content.Length - 1);
                    var buffer = new byte[Math.Min(1 + random.Next(random.Next(4) == 0 ? 600_000 : 8000), content.Length - offset)];
                    if (!device.TryRead(offset, buffer))
                        await device.ReadAsync(offset, buffer, Token);
                    SameBytes.Check(content.AsSpan(offset, buffer.Length), buffer);
                }
            },
            Token)));
    }

    private CacheFilter Open(CacheSettings settings) =>
        _device = new CacheFilter(_source, _cache, identity: null, settings, TimeProvider.System, NullLogger.Instance);

    private async Task ReadAsync(CacheFilter device, long offset, int length)
    {
        var buffer = new byte[length];
        await device.ReadAsync(offset, buffer, Token);
        SameBytes.Check(_content.AsSpan((int)offset, length), buffer);
    }

    /// <summary>Returns when nothing is on its way any more.</summary>
    private static Task IdleAsync(CacheFilter device) => device.WhenIdleAsync();

    private static async Task<List<Extent>> ExtentsAsync(CacheFilter device, ByteRange range)
    {
        var extents = new List<Extent>();
        await foreach (var extent in device.GetExtentsAsync(range, Token))
            extents.Add(extent);
        return extents;
    }
}
