using Becket.Blocks;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Sources;

public sealed class MemoryDeviceTests : WritableDeviceContract
{
    private const int Page = 65536;
    private const ExtentKind Hole = ExtentKind.Hole | ExtentKind.Zero;

    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var device = new MemoryDevice(content.Length);
        await device.WriteAsync(0, content, WriteOptions.None, Token);
        return device;
    }

    [Fact]
    public async Task A_disk_of_many_terabytes_costs_only_what_was_written()
    {
        const long size = 8L << 40;
        await using var device = new MemoryDevice(size);
        await device.WriteAsync(size - 1, new byte[] { 7 }, WriteOptions.None, Token);
        await device.WriteAsync(0, new byte[1 << 20], WriteOptions.None, Token); // zeroes take no room
        Assert.Equal(Page, device.AllocatedBytes);
        Assert.Equal(
            [new Extent(new ByteRange(0, size - Page), Hole), new Extent(new ByteRange(size - Page, Page), ExtentKind.Data)],
            await device.ListExtentsAsync(new ByteRange(0, size)));
        var end = new byte[2];
        Assert.True(device.TryRead(size - 2, end));
        Assert.Equal([0, 7], end);
    }

    [Fact]
    public async Task A_try_always_succeeds()
    {
        await using var device = await OpenAsync(NewContent());
        Assert.True(device.TryRead(0, new byte[Size]));
        Assert.True(device.TryRead(Size, []));
    }

    [Fact]
    public async Task Zeroing_that_may_trim_gives_back_whole_pages_and_clears_the_rest()
    {
        await using var device = await OpenNoiseAsync(4 * Page);
        await device.ZeroAsync(new ByteRange(Page - 10, 2 * Page), WriteOptions.MayTrim, Token);
        Assert.Equal(3 * Page, device.AllocatedBytes);
        Assert.Equal([ExtentKind.Data, Hole, ExtentKind.Data], await KindsAsync(device));
    }

    [Fact]
    public async Task Zeroing_that_may_not_trim_keeps_the_pages_and_knows_that_they_are_zero()
    {
        await using var device = new MemoryDevice(4 * Page);
        await device.WriteAsync(Page, Enumerable.Repeat((byte)1, Page).ToArray(), WriteOptions.None, Token);
        await device.ZeroAsync(new ByteRange(0, 3 * Page), WriteOptions.None, Token);
        Assert.Equal(3 * Page, device.AllocatedBytes);
        Assert.Equal([ExtentKind.Zero, Hole], await KindsAsync(device));
        await device.WriteAsync(100, new byte[] { 1 }, WriteOptions.None, Token);
        Assert.Equal([ExtentKind.Data, ExtentKind.Zero, Hole], await KindsAsync(device));
    }

    [Fact]
    public async Task A_range_may_have_zeroes_where_a_page_is_missing_or_was_never_written_into()
    {
        await using var device = await OpenNoiseAsync(5 * Page);
        await device.ZeroAsync(new ByteRange(Page, Page), WriteOptions.MayTrim, Token);
        await device.ZeroAsync(new ByteRange(3 * Page, Page), WriteOptions.None, Token);

        Assert.False(device.MayHaveZeroes(new ByteRange(0, Page)));
        Assert.True(device.MayHaveZeroes(new ByteRange(0, Page + 1)));
        Assert.True(device.MayHaveZeroes(new ByteRange(Page + 100, 1)));
        Assert.False(device.MayHaveZeroes(new ByteRange(2 * Page, Page)));
        Assert.True(device.MayHaveZeroes(new ByteRange(2 * Page, 2 * Page)));
        Assert.False(device.MayHaveZeroes(new ByteRange(4 * Page, Page)));
        Assert.False(device.MayHaveZeroes(new ByteRange(Page, 0)));
    }

    [Fact]
    public async Task The_short_last_page_is_given_back_too()
    {
        await using var device = await OpenNoiseAsync(Page + 100);
        await device.TrimAsync(new ByteRange(Page, 100), WriteOptions.None, Token);
        Assert.Equal(Page, device.AllocatedBytes);
    }

    [Fact]
    public async Task Fast_zeroing_is_done_where_space_may_go_and_refused_where_it_must_stay()
    {
        await using var device = await OpenNoiseAsync(2 * Page);
        await device.ZeroAsync(new ByteRange(0, Page), WriteOptions.FastOnly | WriteOptions.MayTrim, Token);
        Assert.Equal([Hole, ExtentKind.Data], await KindsAsync(device));
        var refusal = await Assert.ThrowsAsync<BlockDeviceException>(
            async () => await device.ZeroAsync(new ByteRange(Page, Page), WriteOptions.FastOnly, Token));
        Assert.Equal(BlockError.NotSupported, refusal.Error);
        Assert.Equal([Hole, ExtentKind.Data], await KindsAsync(device));
    }

    private async Task<MemoryDevice> OpenNoiseAsync(int size)
    {
        var content = new byte[size];
        new Random(1).NextBytes(content);
        return (MemoryDevice)await OpenAsync(content);
    }

    private static async Task<IEnumerable<ExtentKind>> KindsAsync(MemoryDevice device) =>
        (await device.ListExtentsAsync(new ByteRange(0, device.Info.Size))).Select(extent => extent.Kind);
}
