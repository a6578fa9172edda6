using Becket.Blocks;
using Becket.Blocks.Filters;
using Becket.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Filters;

public sealed class HealthFilterTests : WritableDeviceContract
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var memory = new MemoryDevice(content.Length);
        await memory.WriteAsync(0, content, WriteOptions.None, Token);
        return new HealthFilter(memory, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task The_longest_wait_is_that_of_the_read_that_has_waited_longest()
    {
        var device = new AwaitedDevice();
        await using var health = new HealthFilter(device, _time, NullLogger.Instance);
        Assert.Equal(new DeviceHealth(TimeSpan.Zero, null, null), health.Current);
        var first = health.ReadAsync(0, new byte[1], Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(3));
        var second = health.ReadAsync(1, new byte[1], Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(4), health.Current.LongestWait);

        device.Reads[0].SetResult();
        await first;
        Assert.Equal(TimeSpan.FromSeconds(1), health.Current.LongestWait);

        device.Reads[1].SetResult();
        await second;
        Assert.Equal(new DeviceHealth(TimeSpan.Zero, null, null), health.Current);
    }

    [Fact]
    public async Task A_failure_stands_with_its_beginning_until_a_read_succeeds_that_had_to_wait()
    {
        var device = new AwaitedDevice();
        await using var health = new HealthFilter(device, _time, NullLogger.Instance);
        await FailAsync(device, health, "the store is away");
        _time.Advance(TimeSpan.FromSeconds(5));
        await FailAsync(device, health, "the store is still away");
        Assert.Equal(new DeviceHealth(TimeSpan.Zero, "the store is still away", DateTimeOffset.UnixEpoch), health.Current);

        device.IsAtOnce = true;
        await health.ReadAsync(0, new byte[1], Token);
        Assert.NotNull(health.Current.Failure); // what is in memory says nothing of the store

        device.IsAtOnce = false;
        var read = health.ReadAsync(0, new byte[1], Token).AsTask();
        device.Reads[^1].SetResult();
        await read;
        Assert.Equal(new DeviceHealth(TimeSpan.Zero, null, null), health.Current);
    }

    [Fact]
    public async Task A_reader_that_gave_up_says_nothing_of_the_store()
    {
        var device = new AwaitedDevice();
        await using var health = new HealthFilter(device, _time, NullLogger.Instance);
        using var giving = new CancellationTokenSource();
        var read = health.ReadAsync(0, new byte[1], giving.Token).AsTask();

        await giving.CancelAsync();
        device.Reads[0].SetCanceled(giving.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Equal(new DeviceHealth(TimeSpan.Zero, null, null), health.Current);
    }

    [Fact]
    public async Task A_read_that_fails_before_it_waits_is_a_failure_too()
    {
        var device = new AwaitedDevice { IsRefusing = true };
        await using var health = new HealthFilter(device, _time, NullLogger.Instance);

        await Assert.ThrowsAsync<BlockDeviceException>(() => health.ReadAsync(0, new byte[1], Token).AsTask());

        Assert.Equal(new DeviceHealth(TimeSpan.Zero, "never again", DateTimeOffset.UnixEpoch), health.Current);
    }

    private static async Task FailAsync(AwaitedDevice device, HealthFilter health, string reason)
    {
        var read = health.ReadAsync(0, new byte[1], Token).AsTask();
        device.Reads[^1].SetException(new BlockDeviceException(BlockError.Io, reason));
        await Assert.ThrowsAsync<BlockDeviceException>(() => read);
    }

    /// <summary>Reads end when the test says so.</summary>
    private sealed class AwaitedDevice : BlockDevice
    {
        public List<TaskCompletionSource> Reads { get; } = [];

        public bool IsAtOnce { get; set; }

        public bool IsRefusing { get; set; }

        public override BlockDeviceInfo Info { get; } = new() { Size = 4096, Features = BlockDeviceFeatures.None, Description = "awaited" };

        public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (IsRefusing)
                throw new BlockDeviceException(BlockError.Io, "never again");
            if (IsAtOnce)
                return default;
            Reads.Add(new TaskCompletionSource());
            return new ValueTask(Reads[^1].Task);
        }
    }
}
