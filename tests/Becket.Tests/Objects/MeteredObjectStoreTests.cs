using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Becket.Objects;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects;

public sealed class MeteredObjectStoreTests : ObjectStoreContract
{
    private static readonly ObjectRange Range = new(0, 1000);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    protected override string NoArbitraryKeys => "a file and a folder cannot have the same name";

    protected override ValueTask<IObjectStore> CreateAsync() =>
        ValueTask.FromResult<IObjectStore>(new MeteredObjectStore(new FolderObjectStore(_folder.Path), TimeProvider.System));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_request_is_counted_with_its_bytes()
    {
        await using var store = Metered();
        var etag = await PutAsync(store, 5000);
        var pin = (await store.HeadAsync("disk.img", null, Cancelled))!.Pin;
        await ReadAsync(store, pin);
        await ReadAsync(store, pin);
        Assert.Single(await store.ListAsync("", Cancelled).ToListAsync(Cancelled));
        await store.DeleteAsync("disk.img", Cancelled);
        Assert.NotNull(etag);
        Assert.Equal(
            new StoreTotals
            {
                Gets = 2,
                Heads = 1,
                Puts = 1,
                Lists = 1,
                Deletes = 1,
                Errors = 0,
                BytesReceived = 2000,
                BytesSent = 5000,
                FirstByteMedian = TimeSpan.FromMicroseconds(1),
                FirstBytePercentile99 = TimeSpan.FromMicroseconds(1),
            },
            store.Totals);
    }

    [Fact]
    public async Task Failures_are_errors_and_cancellations_are_none()
    {
        await using var store = Metered(null, Fault.Refuse(), Fault.Break(300), Fault.Stall);
        var pin = new ObjectPin("disk.img", await PutAsync(store, 5000), null);
        await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin));
        await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadAsync(store, pin, new CancellationToken(canceled: true)));
        var totals = store.Totals;
        Assert.Equal((3, 2, 300), (totals.Gets, totals.Errors, totals.BytesReceived));
    }

    [Fact]
    public async Task A_put_that_fails_has_sent_nothing()
    {
        await using var store = Metered(Fault.Refuse());
        await Assert.ThrowsAsync<ObjectStoreException>(() => PutAsync(store, 5000));
        var totals = store.Totals;
        Assert.Equal((1, 1, 0), (totals.Puts, totals.Errors, totals.BytesSent));
    }

    [Fact]
    public async Task The_time_to_the_first_byte_is_that_of_the_opening()
    {
        var wait = TimeSpan.Zero;
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), call =>
        {
            _time.Advance(call.Verb == "GET" ? wait : TimeSpan.FromHours(1));
            return null;
        });
        await using var store = new MeteredObjectStore(faulty, _time);
        var pin = new ObjectPin("disk.img", await PutAsync(store, 5000), null);
        for (var i = 1; i <= 100; i++)
        {
            wait = TimeSpan.FromMilliseconds(i);
            await using var body = await store.OpenReadAsync(pin, Range, Cancelled);
            _time.Advance(TimeSpan.FromHours(1)); // the reader's own time
            await body.ReadExactlyAsync(new byte[1000], Cancelled);
        }
        Assert.InRange(store.Totals.FirstByteMedian.TotalMilliseconds, 50, 50 * 1.13);
        Assert.InRange(store.Totals.FirstBytePercentile99.TotalMilliseconds, 99, 99 * 1.13);
    }

    [Fact]
    public async Task A_listing_counts_a_request_for_every_thousand_objects()
    {
        await using var store = Metered();
        for (var i = 0; i < 1001; i++)
            await store.PutAsync($"many/{i:d4}", ReadOnlySequence<byte>.Empty, PutCondition.Always, Cancelled);
        Assert.Equal(1001, await store.ListAsync("many/", Cancelled).CountAsync(Cancelled));
        Assert.Equal(2, store.Totals.Lists);
    }

    [Fact]
    public void The_bill_is_that_of_the_price_list()
    {
        var totals = new StoreTotals
        {
            Gets = 1_000_000,
            Heads = 1000,
            Puts = 2000,
            Lists = 1000,
            Deletes = 9999,
            Errors = 0,
            BytesReceived = 0,
            BytesSent = 0,
            FirstByteMedian = default,
            FirstBytePercentile99 = default,
        };
        Assert.Equal(0.4004m + 0.015m, totals.RequestBill);
    }

    [Fact]
    public async Task Totals_of_many_readers_add_up_and_no_body_stays_open()
    {
        var faulty = new FaultyObjectStore(new FolderObjectStore(_folder.Path), _ => null);
        await using var store = new MeteredObjectStore(faulty, TimeProvider.System);
        var pin = new ObjectPin("disk.img", await PutAsync(store, 5000), null);
        await Parallel.ForAsync(0, 400, Cancelled, async (_, token) => await ReadAsync(store, pin, token));
        Assert.Equal((400, 400_000), (store.Totals.Gets, store.Totals.BytesReceived));
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_listener_hears_names_units_tags_and_values()
    {
        var heard = new ConcurrentQueue<(string Instrument, double Value, string Tags)>();
        await using var store = Metered(null, null, Fault.Refuse());
        using var listener = Listen(store.Name, heard);
        var pin = new ObjectPin("disk.img", await PutAsync(store, 5000), null);
        await ReadAsync(store, pin);
        await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(store, pin));

        var put = $"becket.store.name={store.Name} becket.store.operation=put";
        var get = $"becket.store.name={store.Name} becket.store.operation=get";
        Assert.Equal(
            [
                ("becket.store.requests {request}", 1, put),
                ("becket.store.request.duration s", 0, put),
                ("becket.store.io By", 5000, put),
                ("becket.store.requests {request}", 1, get),
                ("becket.store.request.duration s", 0, get),
                ("becket.store.io By", 1000, get),
                ("becket.store.requests {request}", 1, get + " error.type=unavailable"),
                ("becket.store.request.duration s", 0, get + " error.type=unavailable"),
            ],
            heard);
    }

    /// <summary>Measures by the test's clock; the faults meet the calls in their order, the PUT first.</summary>
    private MeteredObjectStore Metered(params Fault?[] faults) =>
        new(FaultyObjectStore.Scripted(new FolderObjectStore(_folder.Path), faults), _time);

    private static async Task<string> PutAsync(MeteredObjectStore store, int length) =>
        await store.PutAsync("disk.img", new ReadOnlySequence<byte>(Bytes(length)), PutCondition.Always, Cancelled);

    private static async Task ReadAsync(MeteredObjectStore store, ObjectPin pin, CancellationToken? cancellationToken = null)
    {
        var token = cancellationToken ?? Cancelled;
        await using var body = await store.OpenReadAsync(pin, Range, token);
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, token);
    }

    private static MeterListener Listen(string store, ConcurrentQueue<(string Instrument, double Value, string Tags)> heard)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == StoreMetrics.MeterName)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
        return listener;

        void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            if (text.Contains($"becket.store.name={store} ", StringComparison.Ordinal))
                heard.Enqueue(($"{instrument.Name} {instrument.Unit}", value, text));
        }
    }
}
