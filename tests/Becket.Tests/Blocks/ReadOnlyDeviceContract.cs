using Becket.Blocks;

namespace Becket.Tests.Blocks;

/// <summary>What a device that cannot be changed promises besides.</summary>
public abstract class ReadOnlyDeviceContract : BlockDeviceContract
{
    [Fact]
    public async Task Every_change_is_refused_as_read_only_and_changes_nothing()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var range = new ByteRange(0, 4096);
        await RefusedAsync(() => device.WriteAsync(0, new byte[4096], WriteOptions.None, Token));
        await RefusedAsync(() => device.WriteAsync(1, new byte[10], WriteOptions.Durable, Token));
        await RefusedAsync(() => device.ZeroAsync(range, WriteOptions.MayTrim, Token));
        await RefusedAsync(() => device.ZeroAsync(range, WriteOptions.None, Token));
        await RefusedAsync(() => device.TrimAsync(range, WriteOptions.None, Token));
        await AssertHoldsAsync(content, device);
    }

    [Fact]
    public async Task It_says_that_it_is_read_only_and_offers_no_change()
    {
        const BlockDeviceFeatures changes = BlockDeviceFeatures.Write | BlockDeviceFeatures.Trim
            | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero;
        await using var device = await OpenAsync(NewContent());
        Assert.True(device.Info.IsReadOnly);
        Assert.Equal(BlockDeviceFeatures.None, device.Info.Features & changes);
        Assert.True(device.Info.Has(BlockDeviceFeatures.MultiConnection)); // nothing to flush
    }

    private static async Task RefusedAsync(Func<ValueTask> change)
    {
        var refusal = await Assert.ThrowsAsync<BlockDeviceException>(async () => await change());
        Assert.Equal(BlockError.ReadOnly, refusal.Error);
    }
}
