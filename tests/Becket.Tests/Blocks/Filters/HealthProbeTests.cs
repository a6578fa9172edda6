using Becket.Blocks;
using Becket.Blocks.Filters;
using Becket.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Blocks.Filters;

public sealed class HealthProbeTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly HeldDevice _held = new();
    private readonly HealthFilter _health;

    public HealthProbeTests() => _health = new HealthFilter(_held, _time, NullLogger.Instance);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _health.DisposeAsync();

    [Fact]
    public async Task A_probe_reads_what_failed_last_and_finds_out()
    {
        await FailAsync(offset: 60_000);
        var probe = _health.ProbeAsync(Token);
        Assert.Equal((60_000, 512), _held.Asked);
        _held.Answer(new BlockDeviceException(BlockError.Io, "still away"));
        await probe;
        Assert.Equal("still away", _health.Current.Failure);

        probe = _health.ProbeAsync(Token);
        _held.Answer(failure: null);
        await probe;
        Assert.Null(_health.Current.Failure);
    }

    [Fact]
    public async Task A_probe_stays_within_the_device()
    {
        await FailAsync(offset: HeldDevice.Size - 5);
        var probe = _health.ProbeAsync(Token);
        Assert.Equal((HeldDevice.Size - 5, 5), _held.Asked);
        _held.Answer(failure: null);
        await probe;
    }

    [Fact]
    public async Task Nothing_is_probed_while_all_is_well_or_a_read_waits()
    {
        await _health.ProbeAsync(Token);
        Assert.Null(_held.Asked);

        await FailAsync(offset: 0);
        var read = _health.ReadAsync(4096, new byte[1], Token).AsTask();
        await _health.ProbeAsync(Token);
        Assert.Equal((4096, 1), _held.Asked);
        _held.Answer(failure: null);
        await read;
    }

    private async Task FailAsync(long offset)
    {
        var read = _health.ReadAsync(offset, new byte[1], Token).AsTask();
        _held.Answer(new BlockDeviceException(BlockError.Io, "away"));
        await Assert.ThrowsAsync<BlockDeviceException>(() => read);
    }

    /// <summary>Answers a read when it is told to.</summary>
    private sealed class HeldDevice() : BlockFilter(new MemoryDevice(Size))
    {
        public const int Size = 65_536;

        private TaskCompletionSource _answer = new();

        public (long Offset, int Length)? Asked { get; private set; }

        public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Asked = (offset, buffer.Length);
            return new ValueTask(_answer.Task);
        }

        public void Answer(Exception? failure)
        {
            var answered = _answer;
            _answer = new TaskCompletionSource();
            if (failure is null)
                answered.SetResult();
            else
                answered.SetException(failure);
        }
    }
}
