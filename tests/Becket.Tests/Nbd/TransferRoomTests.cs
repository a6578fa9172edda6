using Becket.Nbd;
using Becket.Nbd.Transmission;

namespace Becket.Tests.Nbd;

public class TransferRoomTests
{
    private const int Unit = 64 * 1024;

    /// <summary>What a buffer for a unit takes: there is a page for headers.</summary>
    private const int Taken = Unit + 4096;

    private const int Proof = 16 * 1024 * 1024;

    private readonly TransferRoom _room = new(8 * Taken, TimeSpan.FromSeconds(2), TimeProvider.System);

    [Fact]
    public void A_connection_may_hold_as_much_as_it_leaves_free()
    {
        var share = NewShare(Proof);
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
            var hog = NewShare(Proof);
            while (hog.TryRent(Unit) is not null)
            {
            }
        }

        Assert.NotNull(NewShare().TryRent(Unit));
    }

    [Fact]
    public void The_first_buffer_of_a_connection_only_has_to_fit()
    {
        var shares = Enumerable.Range(0, 9).Select(_ => NewShare(Proof)).ToList();

        Assert.Equal(8, shares.Count(share => share.TryRent(Unit) is not null));
        Assert.Equal(8 * Taken, _room.Held);
    }

    [Fact]
    public void Kept_memory_goes_for_buffers_of_another_size()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var share = NewShare(Proof);
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
        var held = Enumerable.Range(0, 4).Select(_ => NewShare(Proof).TryRent(usual)!).ToList();
        var waiting = Task.Run(() => NewShare(Proof).Rent(usual), TestContext.Current.CancellationToken);
        while (!_room.HasWaiting)
            await Task.Yield();

        // Something is free, but not enough for the one that waits.
        Assert.Null(NewShare(Proof).TryRent(Unit + 4097));
        var first = NewShare();
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
        var held = Enumerable.Range(0, 8).Select(_ => NewShare(Proof).TryRent(Unit)!).ToList();
        var first = NewShare().TryRent(100 * Unit);
        Assert.Equal(100 * Unit, first!.Length);
        Assert.Null(NewShare().TryRent(3 * Unit));

        var second = Task.Run(() => NewShare().Rent(3 * Unit), TestContext.Current.CancellationToken);
        first.Dispose();
        using var served = await second;

        Assert.Equal(3 * Unit, served.Length);
        Assert.Equal(8 * Taken, _room.Held);
        Assert.Equal(8, held.Count);
    }

    [Fact]
    public async Task An_abort_ends_the_wait_and_every_later_one()
    {
        _ = Enumerable.Range(0, 8).Select(_ => NewShare(Proof).TryRent(Unit)!).ToList();
        var share = NewShare();
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
                var share = NewShare();
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

    [Fact]
    public async Task Newcomers_that_ask_for_more_than_a_little_leave_half_of_the_room_to_the_others()
    {
        var newcomers = Enumerable.Range(0, 8).Select(_ => NewShare().TryRent(Unit + 4097)).ToList();
        Assert.Equal(2, newcomers.Count(buffer => buffer is not null));

        var waiting = Task.Run(() => NewShare().Rent(2 * Unit), TestContext.Current.CancellationToken);
        while (!_room.HasWaiting)
            await Task.Yield();

        Assert.NotNull(NewShare(Proof).TryRent(2 * Unit));
        newcomers[0]!.Dispose();
        using var served = await waiting;
        Assert.Equal(2 * Unit, served.Length);
    }

    [Fact]
    public void Small_first_buffers_of_newcomers_leave_room_for_the_longest_one()
    {
        var newcomers = Enumerable.Range(0, 9).Select(_ => NewShare().TryRent(Unit)).ToList();

        Assert.Equal(6, newcomers.Count(buffer => buffer is not null));
        Assert.NotNull(NewShare(Proof).TryRent(2 * Taken));
    }

    [Fact]
    public void A_newcomer_that_has_taken_enough_takes_what_it_holds_out_of_their_half()
    {
        var pace = NewPace();
        var proving = new RoomShare(_room, pace);
        Assert.NotNull(proving.TryRent(2 * Unit));
        Assert.Null(proving.TryRent(2 * Unit));
        Assert.NotNull(NewShare().TryRent(Unit + 4097));
        Assert.Null(NewShare().TryRent(2 * Unit));

        pace.Send(new byte[Proof]);
        Assert.Null(proving.TryRent(2 * Unit));

        Assert.NotNull(NewShare().TryRent(2 * Unit));
    }

    private RoomShare NewShare(int taken = 0)
    {
        var pace = NewPace();
        pace.Send(new byte[taken]);
        return new RoomShare(_room, pace);
    }

    private static ClientPace NewPace()
    {
        var transport = new NbdTransport(Stream.Null);
        return new ClientPace(transport, new ConnectionLifetime(transport));
    }
}
