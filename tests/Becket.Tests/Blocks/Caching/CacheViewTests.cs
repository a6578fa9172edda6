using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

/// <summary>What people are shown of a cache: how much is in memory, what is on its way.</summary>
public sealed class CacheViewTests
{
    private const int Size = 8 * Piece;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Blocks_are_counted_wherever_their_pieces_are()
    {
        var table = new PieceTable(5000L * Piece);
        Assert.Equal(0, table.CountPresent());
        table.Get(0).Present = 0b1011;
        table.Get(1023).Present = 1;
        table.Get(4999).Present = uint.MaxValue;
        Assert.Equal(3 + 1 + 32, table.CountPresent());
        table.Get(4999).Present = 0;
        Assert.Equal(4, table.CountPresent());
    }

    [Fact]
    public async Task A_range_shrinks_while_it_comes_and_is_in_memory_at_its_end()
    {
        var content = new byte[Size];
        new Random(1).NextBytes(content);
        var (half, more) = (new TaskCompletionSource(), new TaskCompletionSource());
        var source = new RangedSource(content)
        {
            Reading = async (range, position, token) =>
            {
                if (position < range.Offset + (Piece / 2))
                    return Piece / 2;
                half.TrySetResult();
                await more.Task.WaitAsync(token);
                return int.MaxValue;
            },
        };
        using var cache = new BlockCache(BlockCache.MinimumMemory, disk: null);
        await using var device = new CacheFilter(
            source, cache, identity: null, new CacheSettings { Zone = 0, Readahead = 0 }, TimeProvider.System, NullLogger.Instance);
        Assert.Empty(device.Fetching());
        Assert.Equal(0, device.BytesInMemory);

        var reading = device.ReadAsync((3 * Piece) + Piece - 10, new byte[10], Token).AsTask();
        await half.Task.WaitAsync(Token);

        var coming = Assert.Single(device.Fetching());
        Assert.Equal(4 * Piece, coming.End);
        Assert.InRange(coming.Offset, 3 * Piece, (3 * Piece) + (Piece / 2));
        Assert.InRange(device.BytesInMemory, 0, Piece / 2);

        more.SetResult();
        await reading;
        Assert.Equal(Piece, device.BytesInMemory);
    }
}
