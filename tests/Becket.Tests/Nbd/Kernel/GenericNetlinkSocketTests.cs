using Becket.Nbd.Kernel.Netlink;

namespace Becket.Tests.Nbd.Kernel;

/// <summary>With the kernel that runs the tests: the family by which the others are found is always there, for anybody.</summary>
public class GenericNetlinkSocketTests
{
    [Fact]
    public void The_controller_finds_itself()
    {
        using var socket = GenericNetlinkSocket.Open();

        Assert.Equal((ushort)16, socket.FindFamily("nlctrl"));
        Assert.Equal((ushort)16, socket.FindFamily("nlctrl"));
    }

    [Fact]
    public void A_family_that_does_not_exist_is_not_found()
    {
        using var socket = GenericNetlinkSocket.Open();

        Assert.Null(socket.FindFamily("becket-test"));
        Assert.Equal((ushort)16, socket.FindFamily("nlctrl"));
    }

    [Fact]
    public void An_answer_comes_with_its_attributes()
    {
        using var socket = GenericNetlinkSocket.Open();

        var answer = socket.Request(family: 16, command: 3, new AttributeWriter().Add(2, "nlctrl"));

        Assert.Equal("nlctrl", AttributeReader.FindText(answer, 2));
    }

    [Fact]
    public void A_refusal_has_the_number_and_the_words_of_the_kernel()
    {
        using var socket = GenericNetlinkSocket.Open();

        var refusal = Assert.Throws<NetlinkException>(() => socket.Request(family: 16, command: 200, new AttributeWriter()));

        Assert.Equal(Errors.NotSupported, refusal.Errno);
        Assert.NotEmpty(refusal.Message);
    }
}
