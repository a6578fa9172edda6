using Becket.Nbd.Kernel;
using Becket.Nbd.Protocol;

namespace Becket.Tests.Nbd.Kernel;

/// <summary>What goes to the nbd driver and comes from it, against bytes written down from linux/nbd-netlink.h.</summary>
public class KernelMessagesTests
{
    private static readonly KernelDeviceOptions Options = new()
    {
        BlockSize = 512,
        RequestTimeout = TimeSpan.FromSeconds(89.5),
        DeadConnectionTimeout = TimeSpan.FromMinutes(5),
        BackendIdentifier = "s3://b/k",
    };

    private const string Terms =
        "0C000400" + "5A00000000000000" // timeout: 90 s
        + "0C000800" + "2C01000000000000" // dead connections: 300 s
        + "1C000780" // sockets
        + "0C000180" + "08000100" + "03000000"
        + "0C000180" + "08000100" + "05000000"
        + "0D000A00" + "73333A2F2F622F6B00" + "000000"; // backend

    [Fact]
    public void Connect_leaves_the_choice_of_the_device_to_the_kernel()
    {
        const TransmissionFlags flags = TransmissionFlags.HasFlags | TransmissionFlags.ReadOnly | TransmissionFlags.CanMultiConn;

        var message = KernelMessages.Connect(0x1_0000_0200, flags, Options, [3, 5]);

        Assert.Equal(
            "0C000200" + "0002000001000000"
            + "0C000300" + "0002000000000000"
            + "0C000500" + "0301000000000000"
            + Terms,
            Convert.ToHexString(message.Content));
    }

    [Fact]
    public void Reconfigure_names_the_device_but_no_size() =>
        Assert.Equal("08000100" + "0C000000" + Terms, Convert.ToHexString(KernelMessages.Reconfigure(12, Options, [3, 5]).Content));

    [Fact]
    public void Without_an_identifier_there_is_no_attribute_for_it()
    {
        var message = KernelMessages.Reconfigure(12, Options with { BackendIdentifier = "" }, [3, 5]);

        Assert.Equal("08000100" + "0C000000" + Terms[..^32], Convert.ToHexString(message.Content));
    }

    [Fact]
    public void The_answer_to_connect_is_the_index()
    {
        Assert.Equal(17, KernelMessages.ReadIndex(Convert.FromHexString("08000100" + "11000000")));
        Assert.Throws<KernelDeviceException>(() => KernelMessages.ReadIndex([]));
    }

    [Theory]
    [InlineData("18000900" + "14000100" + "08000100" + "02000000" + "05000200" + "01000000", 2, true)]
    [InlineData("18000980" + "14000180" + "08000100" + "02000000" + "05000200" + "01000000", 2, true)]
    [InlineData("18000900" + "14000100" + "08000100" + "02000000" + "05000200" + "00000000", 2, false)]
    [InlineData("18000900" + "14000100" + "08000100" + "03000000" + "05000200" + "01000000", 2, false)]
    [InlineData("04000900", 2, false)]
    [InlineData("", 2, false)]
    public void The_answer_to_status_says_which_devices_are_connected(string bytes, int index, bool isConnected) =>
        Assert.Equal(isConnected, KernelMessages.ReadIsConnected(Convert.FromHexString(bytes), index));
}
