using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Becket.Blocks;
using Becket.Blocks.Filters;
using Becket.Blocks.Sources;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Filters;

public sealed class MeterFilterTests : WritableDeviceContract
{
    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var memory = new MemoryDevice(content.Length);
        await memory.WriteAsync(0, content, WriteOptions.None, Token);
        return new MeterFilter(memory, "contract", TimeProvider.System);
    }

    [Fact]
    public async Task Every_verb_is_counted_with_its_bytes()
    {
        await using var device = new MeterFilter(new MemoryDevice(100_000), "verbs", new FakeTimeProvider());
        Assert.True(device.TryRead(0, new byte[10]));
        await device.ReadAsync(0, new byte[20], Token);
        await device.WriteAsync(0, new byte[30], WriteOptions.None, Token);
        await device.ZeroAsync(new ByteRange(0, 40), WriteOptions.None, Token);
        await device.TrimAsync(new ByteRange(0, 50), WriteOptions.None, Token);
        await device.FlushAsync(Token);
        await device.PrefetchAsync(new ByteRange(0, 60), Token);
        await device.ListExtentsAsync(new ByteRange(0, 70));
        Assert.Equal(new OperationTotals(2, 30, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Read));
        Assert.Equal(new OperationTotals(1, 30, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Write));
        Assert.Equal(new OperationTotals(1, 40, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Zero));
        Assert.Equal(new OperationTotals(1, 50, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Trim));
        Assert.Equal(new OperationTotals(1, 0, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Flush));
        Assert.Equal(new OperationTotals(1, 60, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Prefetch));
        Assert.Equal(new OperationTotals(1, 70, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Extents));
    }

    [Fact]
    public async Task Durations_are_those_of_the_device_below()
    {
        var time = new FakeTimeProvider();
        await using var device = new MeterFilter(new SlowDevice(time), "slow", time);
        await device.ReadAsync(0, new byte[1], Token);
        await device.ReadAsync(0, new byte[1], Token);
        await foreach (var _ in device.GetExtentsAsync(new ByteRange(0, 1), Token))
            time.Advance(TimeSpan.FromHours(1)); // the reader's own time
        Assert.Equal(TimeSpan.FromSeconds(6), device.TotalsOf(DeviceOperation.Read).Duration);
        Assert.Equal(TimeSpan.Zero, device.TotalsOf(DeviceOperation.Extents).Duration);
    }

    [Fact]
    public async Task A_failed_try_is_not_counted()
    {
        var time = new FakeTimeProvider();
        await using var device = new MeterFilter(new SlowDevice(time), "misses", time);
        Assert.False(device.TryRead(0, new byte[1]));
        Assert.Equal(default, device.TotalsOf(DeviceOperation.Read));
    }

    [Fact]
    public async Task A_failure_counts_as_an_error_without_bytes_and_a_cancellation_does_not()
    {
        var time = new FakeTimeProvider();
        await using var device = new MeterFilter(new SlowDevice(time), "failures", time);
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.WriteAsync(0, new byte[1], WriteOptions.None, Token));
        await Assert.ThrowsAsync<TaskCanceledException>(
            async () => await device.ReadAsync(0, new byte[1], new CancellationToken(canceled: true)));
        Assert.Equal(new OperationTotals(1, 0, 1, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Write));
        Assert.Equal(new OperationTotals(1, 0, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Read));
    }

    [Fact]
    public async Task Totals_of_many_threads_add_up()
    {
        await using var device = new MeterFilter(new MemoryDevice(4096), "threads", TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                var buffer = new byte[16];
                for (var i = 0; i < 10_000; i++)
                    device.TryRead(0, buffer);
            },
            Token)));
        Assert.Equal(new OperationTotals(80_000, 16 * 80_000, 0, TimeSpan.Zero), device.TotalsOf(DeviceOperation.Read));
    }

    [Fact]
    public async Task A_listener_hears_names_units_tags_and_values()
    {
        var heard = new ConcurrentQueue<(string Instrument, double Value, string Tags)>();
        using var listener = Listen("listened", heard);
        var time = new FakeTimeProvider();
        await using var device = new MeterFilter(new SlowDevice(time), "listened", time);
        await device.ReadAsync(0, new byte[1], Token);
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.WriteAsync(0, new byte[1], WriteOptions.None, Token));

        const string read = "becket.device.name=listened becket.device.operation=read";
        const string write = "becket.device.name=listened becket.device.operation=write error.type=read_only";
        Assert.Equal(
            [
                ("becket.device.operations {operation}", 1, read),
                ("becket.device.io By", 1, read),
                ("becket.device.operation.duration s", 3, read),
                ("becket.device.operations {operation}", 1, write),
                ("becket.device.operation.duration s", 0, write),
            ],
            heard);
    }

    [Fact]
    public async Task A_listener_hears_of_reads_that_were_answered_on_the_spot()
    {
        var heard = new ConcurrentQueue<(string Instrument, double Value, string Tags)>();
        using var listener = Listen("hits", heard);
        await using var device = new MeterFilter(new MemoryDevice(100), "hits", new FakeTimeProvider());
        Assert.True(device.TryRead(0, new byte[100]));
        Assert.Equal([1, 100, 0], heard.Select(h => h.Value));
    }

    /// <summary>Metrics belong to the process, so a test keeps to those of its own device.</summary>
    private static MeterListener Listen(string device, ConcurrentQueue<(string Instrument, double Value, string Tags)> heard)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == DeviceMetrics.MeterName)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
        return listener;

        void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var words = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            if (tags.Length > 0 && Equals(tags[0].Value, device))
                heard.Enqueue(($"{instrument.Name} {instrument.Unit}", value, words));
        }
    }

    /// <summary>Read-only, never answers on the spot, and takes three seconds for a read.</summary>
    private sealed class SlowDevice(FakeTimeProvider time) : BlockDevice
    {
        public override BlockDeviceInfo Info { get; } = new() { Size = 1, Description = "slow" };

        public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (cancellationToken.IsCancellationRequested)
                return ValueTask.FromCanceled(cancellationToken);
            time.Advance(TimeSpan.FromSeconds(3));
            buffer.Span.Clear();
            return ValueTask.CompletedTask;
        }
    }
}
