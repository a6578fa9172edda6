using Becket.Blocks;
using Becket.Blocks.Filters;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Filters;

/// <summary>Over a device with blocks of 512 bytes.</summary>
public class BlockSizeFilterTests : WritableDeviceContract
{
    protected override int Size => 75 * 4096;

    protected virtual int Block => 512;

    protected virtual int Maximum => 4 * 1024 * 1024;

    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var memory = new MemoryDevice(content.Length);
        await memory.WriteAsync(0, content, WriteOptions.None, Token);
        return new BlockSizeFilter(new StrictDevice(memory, Block, Maximum));
    }

    [Fact]
    public async Task It_offers_any_alignment_and_requests_of_the_usual_size()
    {
        await using var device = await OpenAsync(new byte[Size]);
        Assert.Equal(1, device.Info.MinimumBlock);
        Assert.True(device.Info.PreferredBlock >= Block);
        Assert.Equal(32 * 1024 * 1024, device.Info.MaximumRequest);
    }

    [Fact]
    public async Task A_part_of_a_block_is_answered_on_the_spot_where_the_device_can()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var buffer = new byte[2000];
        Assert.True(device.TryRead(777, buffer));
        SameBytes.Check(content.AsSpan(777, 2000), buffer);
    }

    [Fact]
    public async Task A_range_that_begins_inside_a_block_may_have_the_zeroes_of_the_whole_block()
    {
        await using var device = await OpenAsync(new byte[Size]);
        Assert.True(device.MayHaveZeroes(new ByteRange(777, 3)));
        Assert.False(device.MayHaveZeroes(new ByteRange(777, 0)));
    }
}

/// <summary>Over one that takes little at once, in an amount that is not a whole number of its blocks.</summary>
public sealed class BlockSizeFilterOverShortRequestsTests : BlockSizeFilterTests
{
    protected override int Block => 4096;

    protected override int Maximum => 10_000;
}

/// <summary>Over one that has no blocks, but takes little at once: then nothing is locked or read before it is written.</summary>
public sealed class BlockSizeFilterWithoutBlocksTests : BlockSizeFilterTests
{
    protected override int Size => 300_001;

    protected override int Block => 1;

    protected override int Maximum => 7000;
}
