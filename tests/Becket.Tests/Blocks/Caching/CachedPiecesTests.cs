using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Memory;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

public sealed class CachedPiecesTests
{
    [Fact]
    public async Task Extents_stay_gapless_while_zeroes_become_known_between_two_looks()
    {
        using var memory = new MemoryCache(Piece);
        for (var round = 0; round < 200; round++)
        {
            var pieces = new CachedPieces(4 * Piece, memory, disk: null);
            var landing = Task.Run(
                () =>
                {
                    for (var block = 31; block >= 0; block--)
                        pieces.Land(1, 0, 1u << block);
                },
                TestContext.Current.CancellationToken);
            do
                CheckExtents(pieces, ByteRange.FromBounds(Piece + 100, (2 * Piece) - 50));
            while (!landing.IsCompleted);
            await landing;
        }
    }

    [Fact]
    public async Task A_copy_is_of_the_piece_that_was_asked_for_however_quickly_slots_change_hands()
    {
        const int Pieces = 6;
        const int Length = 64;
        using var memory = new MemoryCache(3 * Piece);
        var pieces = new CachedPieces(Pieces * Piece, memory, disk: null);
        var changing = Task.Run(
            () =>
            {
                var random = new Random(1);
                for (var step = 0; step < 200_000; step++)
                {
                    var piece = random.Next(Pieces);
                    var slot = memory.Rent(pieces.Table, piece);
                    if (slot == 0)
                        continue; // all are being copied
                    if (pieces.Missing(piece, 1) != 0)
                    {
                        memory.Memory.Span(slot)[..Length].Fill((byte)piece);
                        pieces.Land(piece, 1, zero: 0);
                    }
                    pieces.Touch(piece);
                    memory.Memory.Unpin(slot);
                }
            },
            TestContext.Current.CancellationToken);
        var (copied, wrong) = (0, "");
        var buffer = new byte[Length];
        for (var piece = 0; !changing.IsCompleted; piece = (piece + 1) % Pieces)
        {
            if (!pieces.TryCopy(piece * Piece, buffer))
                continue;
            copied++;
            if (buffer.AsSpan().ContainsAnyExcept((byte)piece))
                wrong = $"piece {piece} read as {buffer[0]} to {buffer[^1]}";
        }
        await changing;
        Assert.Empty(wrong);
        Assert.True(copied > 0, "nothing was ever copied");
        Assert.Equal(0, memory.Memory.Pinned);
    }

    private static void CheckExtents(CachedPieces pieces, ByteRange range)
    {
        var position = range.Offset;
        foreach (var extent in pieces.Extents(range))
        {
            Assert.Equal(position, extent.Range.Offset);
            Assert.True(extent.Range.Length > 0, $"{extent} is empty");
            position = extent.Range.End;
        }
        Assert.Equal(range.End, position);
    }

    [Fact]
    public void A_memory_whose_short_queue_is_pinned_takes_room_from_the_main_one()
    {
        using var memory = new MemoryCache(8 * Piece);
        var table = new PieceTable(100 * Piece);
        for (var piece = 0; piece < 8; piece++)
        {
            var slot = memory.Rent(table, piece);
            memory.Memory.Frequency(slot) = (byte)(piece < 5 ? 1 : 0); // those will move to the main queue
            memory.Memory.Unpin(slot);
        }

        var pinned = new[] { memory.Rent(table, 8), memory.Rent(table, 6), memory.Rent(table, 7) };
        Assert.Equal(3, memory.Memory.Pinned);
        var another = memory.Rent(table, 9);
        Assert.NotEqual(0, another);
        Assert.DoesNotContain(another, pinned);
        foreach (var slot in pinned.Append(another))
            memory.Memory.Unpin(slot);
    }

    [Fact]
    public void A_memory_that_is_pinned_as_a_whole_has_no_room()
    {
        using var memory = new MemoryCache(3 * Piece);
        var table = new PieceTable(100 * Piece);
        var pinned = Enumerable.Range(0, 3).Select(piece => memory.Rent(table, piece)).ToList();
        Assert.Equal(0, memory.Rent(table, 3));
        pinned.ForEach(memory.Memory.Unpin);
        var slot = memory.Rent(table, 3);
        Assert.NotEqual(0, slot);
        memory.Memory.Unpin(slot);
    }
}
