using Becket.Blocks;
using Becket.Nbd.Kernel;

namespace Becket.Tests.Nbd.Kernel;

public class KernelTermsTests
{
    private static readonly BlockDeviceInfo Info = new()
    {
        Size = 1_000_000,
        Features = BlockDeviceFeatures.MultiConnection,
        Description = "s3://b/k",
    };

    [Theory]
    [InlineData(256)]
    [InlineData(1000)]
    [InlineData(1 << 20)]
    public void A_block_size_that_the_kernel_would_refuse_is_named(int blockSize)
    {
        var options = new KernelDeviceOptions { BlockSize = blockSize };

        var refusal = Assert.Throws<KernelDeviceException>(() => KernelTerms.Check(options, Info));

        Assert.Contains($"not of {blockSize}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_without_a_whole_block_is_refused() =>
        Assert.Throws<KernelDeviceException>(() => KernelTerms.Check(new KernelDeviceOptions(), Info with { Size = 511 }));

    [Fact]
    public void A_device_with_larger_blocks_than_the_kernel_would_use_is_refused()
    {
        Assert.Throws<KernelDeviceException>(() => KernelTerms.Check(new KernelDeviceOptions(), Info with { MinimumBlock = 4096 }));
        KernelTerms.Check(new KernelDeviceOptions { BlockSize = 4096 }, Info with { MinimumBlock = 4096 });
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    public void An_identifier_is_one_line(string identifier) =>
        Assert.Throws<ArgumentException>(() => KernelTerms.Check(new KernelDeviceOptions { BackendIdentifier = identifier }, Info));

    [Fact]
    public void Several_sockets_need_a_time_limit_and_a_device_that_allows_them()
    {
        var options = new KernelDeviceOptions { Connections = 4, RequestTimeout = TimeSpan.FromMinutes(2) };

        Assert.Equal(4, KernelTerms.Check(options, Info).Connections);
        Assert.Equal(1, KernelTerms.Check(options with { RequestTimeout = TimeSpan.Zero }, Info).Connections);
        Assert.Equal(1, KernelTerms.Check(options, Info with { Features = BlockDeviceFeatures.None }).Connections);
    }

    [Theory]
    [InlineData(512, 999_936)]
    [InlineData(4096, 999_424)]
    public void Only_whole_blocks_are_visible(int blockSize, long size) =>
        Assert.Equal(size, KernelTerms.VisibleSize(Info, new KernelDeviceOptions { BlockSize = blockSize }));

    [Fact]
    public void What_is_not_connected_cannot_be_revived()
    {
        const int beyondEveryIndex = 1 << 24;

        var refusal = Assert.Throws<KernelDeviceException>(() => KernelTerms.CheckSame(beyondEveryIndex, Info, new KernelDeviceOptions()));

        Assert.Contains("not connected", refusal.Message, StringComparison.Ordinal);
        Assert.Null(KernelDriver.BackendOf(beyondEveryIndex));
    }
}
