using Becket.Blocks;
using Becket.Blocks.Filters;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Filters;

/// <summary>What happens at the edges of blocks, call by call.</summary>
public sealed class ReadModifyWriteTests
{
    private const int Block = 512;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_block_that_is_written_during_a_read_modify_write_is_not_undone()
    {
        var held = new HeldReads(new MemoryDevice(4 * Block));
        await using var device = new BlockSizeFilter(new StrictDevice(held, Block, 1 << 20));

        var part = device.WriteAsync(10, Filled(5, 1), WriteOptions.None, Token).AsTask();
        await held.HasRead; // the old block is in its hands
        var whole = device.WriteAsync(0, Filled(Block, 2), WriteOptions.None, Token).AsTask();
        held.Release();
        await Task.WhenAll(part, whole);

        await AssertHoldsAsync(Filled(Block, 2), device, 0); // the later one came last
    }

    [Theory]
    [InlineData("zero")]
    [InlineData("trim")]
    public async Task A_block_that_is_zeroed_during_a_read_modify_write_is_not_undone(string change)
    {
        var held = new HeldReads(new MemoryDevice(4 * Block));
        await using var device = new BlockSizeFilter(new StrictDevice(held, Block, 1 << 20));
        await device.WriteAsync(0, Filled(4 * Block, 9), WriteOptions.None, Token);

        var part = device.WriteAsync(10, Filled(5, 1), WriteOptions.None, Token).AsTask();
        await held.HasRead;
        var range = new ByteRange(0, Block);
        var later = change == "zero"
            ? device.ZeroAsync(range, WriteOptions.MayTrim, Token).AsTask()
            : device.TrimAsync(range, WriteOptions.None, Token).AsTask();
        held.Release();
        await Task.WhenAll(part, later);

        await AssertHoldsAsync(new byte[Block], device, 0);
    }

    [Fact]
    public async Task A_change_of_other_blocks_does_not_wait()
    {
        var held = new HeldReads(new MemoryDevice(4 * Block));
        await using var device = new BlockSizeFilter(new StrictDevice(held, Block, 1 << 20));
        var part = device.WriteAsync(10, Filled(5, 1), WriteOptions.None, Token).AsTask();
        await held.HasRead;
        await device.WriteAsync(Block, Filled(Block, 2), WriteOptions.None, Token);
        Assert.False(part.IsCompleted);
        held.Release();
        await part;
    }

    [Fact]
    public async Task A_waiting_change_that_is_cancelled_lets_later_ones_pass()
    {
        var held = new HeldReads(new MemoryDevice(4 * Block));
        await using var device = new BlockSizeFilter(new StrictDevice(held, Block, 1 << 20));
        var first = device.WriteAsync(10, Filled(5, 1), WriteOptions.None, Token).AsTask();
        await held.HasRead;
        using var impatience = new CancellationTokenSource();
        var second = device.WriteAsync(0, Filled(2 * Block, 2), WriteOptions.None, impatience.Token).AsTask();
        var third = device.WriteAsync(Block, Filled(Block, 3), WriteOptions.None, Token).AsTask(); // waits only for the second
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await third;
        held.Release();
        await first;
        await AssertHoldsAsync(Filled(Block, 3), device, Block);
        await AssertHoldsAsync(Filled(5, 1), device, 10);
    }

    [Fact]
    public async Task A_failed_change_lets_later_ones_pass()
    {
        var memory = new MemoryDevice(4 * Block);
        await using var device = new BlockSizeFilter(new StrictDevice(new FailingWrites(memory, failures: 1), Block, 1 << 20));
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.WriteAsync(1, Filled(5, 1), WriteOptions.None, Token));
        await device.WriteAsync(1, Filled(5, 2), WriteOptions.None, Token);
        await AssertHoldsAsync(Filled(5, 2), device, 1);
    }

    [Fact]
    public async Task Fast_zeroing_of_parts_of_blocks_is_refused_before_anything_is_changed()
    {
        var memory = new MemoryDevice(4 * Block);
        await using var device = new BlockSizeFilter(new StrictDevice(memory, Block, 1 << 20));
        await device.WriteAsync(0, Filled(4 * Block, 9), WriteOptions.None, Token);
        var refusal = await Assert.ThrowsAsync<BlockDeviceException>(
            async () => await device.ZeroAsync(new ByteRange(0, Block + 1), WriteOptions.FastOnly | WriteOptions.MayTrim, Token));
        Assert.Equal(BlockError.NotSupported, refusal.Error);
        await AssertHoldsAsync(Filled(4 * Block, 9), device, 0);
    }

    [Fact]
    public async Task A_trim_keeps_the_parts_of_blocks_at_its_edges()
    {
        await using var device = new BlockSizeFilter(new StrictDevice(new MemoryDevice(4 * Block), Block, 1 << 20));
        await device.WriteAsync(0, Filled(4 * Block, 9), WriteOptions.None, Token);
        await device.TrimAsync(new ByteRange(1, 4 * Block - 2), WriteOptions.None, Token);
        await AssertHoldsAsync(Filled(Block, 9), device, 0);
        await AssertHoldsAsync(new byte[2 * Block], device, Block);
        await AssertHoldsAsync(Filled(Block, 9), device, 3 * Block);
    }

    [Fact]
    public void A_size_that_is_not_a_whole_number_of_blocks_is_refused_rather_than_cut()
    {
        var refusal = Assert.Throws<BlockDeviceException>(
            () => new BlockSizeFilter(new StrictDevice(new MemoryDevice(1000, "odd"), Block, 1 << 20)));
        Assert.Equal(BlockError.Invalid, refusal.Error);
        Assert.Contains("odd: its size of 1000 bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_largest_request_below_one_block_is_refused() => Assert.Throws<BlockDeviceException>(
        () => new BlockSizeFilter(new StrictDevice(new MemoryDevice(4096), 4096, 512)));

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static async Task AssertHoldsAsync(byte[] expected, BlockSizeFilter device, long offset)
    {
        var bytes = new byte[expected.Length];
        await device.ReadAsync(offset, bytes, Token);
        SameBytes.Check(expected, bytes);
    }

    /// <summary>Its first read takes the bytes and then does not come back until it is released.</summary>
    private sealed class HeldReads(IBlockDevice inner) : BlockFilter(inner)
    {
        private readonly TaskCompletionSource _hasRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task HasRead => _hasRead.Task;

        public void Release() => _released.SetResult();

        public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            await base.ReadAsync(offset, buffer, cancellationToken);
            if (_hasRead.TrySetResult())
                await _released.Task;
        }
    }

    private sealed class FailingWrites(IBlockDevice inner, int failures) : BlockFilter(inner)
    {
        private int _left = failures;

        public override ValueTask WriteAsync(
            long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
            _left-- > 0
                ? ValueTask.FromException(new BlockDeviceException(BlockError.Io, "broken"))
                : base.WriteAsync(offset, data, options, cancellationToken);
    }
}
