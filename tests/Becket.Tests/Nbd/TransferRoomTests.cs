using Becket.Nbd;
using Becket.Nbd.Transmission;

namespace Becket.Tests.Nbd;

public class TransferRoomTests
{
    private const int Unit = 64 * 1024;

    /// <summary>What a buffer for a unit takes: there is a page for headers.</summary>
    private const int Taken = Unit + 4096;

    private readonly TransferRoom _room = new(8 * Taken);

    [Fact]
    public void A_connection_may_hold_as_much_as_it_leaves_free()
    {
        var share = new RoomShare(_room);
        var held = Enumerable.Range(0, 4).Select(_ => share.TryRent(Unit)).ToList();

        Assert.DoesNotContain(null, held);
        Assert.Null(share.TryRent(Unit));
        Assert.Equal(4 * Taken, _room.Held);
        held[2]!.Dispose();
        Assert.NotNull(share.TryRent(Unit));
    }

    [Fact]
    public void Clients_that_keep_all_they_get_leave_some_for_the_others()
    {
        for (var i = 0; i < 3; i++)
        {
            var hog = new RoomShare(_room);
            while (hog.TryRent(Unit) is not null)
            {
            }
        }

        Assert.NotNull(new RoomShare(_room).TryRent(Unit));
    }

    [Fact]
    public void The_first_buffer_of_a_connection_only_has_to_fit()
    {
        var shares = Enumerable.Range(0, 9).Select(_ => new RoomShare(_room)).ToList();

        Assert.Equal(8, shares.Count(share => share.TryRent(Unit) is not null));
        Assert.Equal(8 * Taken, _room.Held);
    }

    [Fact]
    public void Kept_memory_goes_for_buffers_of_another_size()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var share = new RoomShare(_room);
            var buffers = Enumerable.Range(0, random.Next(1, 20)).Select(_ => share.TryRent(random.Next(1, 2 * Unit))).ToList();
            foreach (var buffer in buffers)
                buffer?.Dispose();
        }

        Assert.Equal(0, _room.Held);
        Assert.InRange(_room.Peak, 4 * Taken, 8 * Taken);
    }

    [Fact]
    public async Task Whoever_waits_for_a_first_buffer_is_overtaken_by_small_first_ones_alone()
    {
        const int usual = 100 * 1024;
        const int small = 4096;
        var held = Enumerable.Range(0, 4).Select(_ => new RoomShare(_room).TryRent(usual)!).ToList();
        var waiting = Task.Run(() => new RoomShare(_room).Rent(usual), TestContext.Current.CancellationToken);
        while (!_room.HasWaiting)
            await Task.Yield();

        // Something is free, but not enough for the one that waits.
        Assert.Null(new RoomShare(_room).TryRent(Unit + 4097));
        var first = new RoomShare(_room);
        using var overtaking = first.TryRent(small);
        Assert.NotNull(overtaking);
        Assert.Null(first.TryRent(small));

        held[1].Dispose();
        held[2].Dispose();
        using var served = await waiting;
        Assert.Equal(usual, served.Length);
    }

    [Fact]
    public async Task What_is_longer_than_a_quarter_goes_one_at_a_time_beside_a_full_room()
    {
        var held = Enumerable.Range(0, 8).Select(_ => new RoomShare(_room).TryRent(Unit)!).ToList();
        var first = new RoomShare(_room).TryRent(100 * Unit);
        Assert.Equal(100 * Unit, first!.Length);
        Assert.Null(new RoomShare(_room).TryRent(3 * Unit));

        var second = Task.Run(() => new RoomShare(_room).Rent(3 * Unit), TestContext.Current.CancellationToken);
        first.Dispose();
        using var served = await second;

        Assert.Equal(3 * Unit, served.Length);
        Assert.Equal(8 * Taken, _room.Held);
        Assert.Equal(8, held.Count);
    }

    [Fact]
    public async Task An_abort_ends_the_wait_and_every_later_one()
    {
        _ = Enumerable.Range(0, 8).Select(_ => new RoomShare(_room).TryRent(Unit)!).ToList();
        var share = new RoomShare(_room);
        var waiting = Task.Run(() => share.Rent(Unit), TestContext.Current.CancellationToken);
        while (!_room.HasWaiting)
            await Task.Yield();

        share.Abort();

        await Assert.ThrowsAsync<ConnectionEndedException>(() => waiting);
        Assert.Throws<ConnectionEndedException>(() => share.Rent(Unit));
        Assert.False(_room.HasWaiting);
    }

    [Fact]
    public async Task Many_connections_that_rent_and_wait_all_get_on_and_never_exceed_the_room()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(seed => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(seed);
                var share = new RoomShare(_room);
                var held = new Queue<TransferBuffer>();
                for (var i = 0; i < 2000; i++)
                {
                    var length = random.Next(20) == 0 ? random.Next(1, 10 * Unit) : random.Next(1, 2 * Unit);
                    var buffer = share.TryRent(length);
                    while (buffer is null && held.TryDequeue(out var oldest))
                    {
                        oldest.Dispose();
                        buffer = share.TryRent(length);
                    }

                    held.Enqueue(buffer ?? share.Rent(length));
                    if (random.Next(3) == 0)
                        held.Dequeue().Dispose();
                }

                foreach (var buffer in held)
                    buffer.Dispose();
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(0, _room.Held);
        Assert.InRange(_room.Peak, 4 * Taken, 8 * Taken);
    }
}
