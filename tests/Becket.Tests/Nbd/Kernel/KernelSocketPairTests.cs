using System.Net.Sockets;
using Becket.Nbd.Kernel;

namespace Becket.Tests.Nbd.Kernel;

public class KernelSocketPairTests
{
    [Fact]
    public void An_end_that_nobody_has_taken_is_closed()
    {
        using var pair = KernelSocketPair.Create();
        Assert.True(pair.IsHeldByKernel());

        pair.CloseKernelEnd();

        Assert.False(pair.IsHeldByKernel());
    }

    [Fact]
    public void An_end_that_was_taken_stays_open_and_connected()
    {
        using var pair = KernelSocketPair.Create();
        using var taken = new Socket(new SafeSocketHandle(Duplicates.Of(pair.KernelDescriptor), ownsHandle: true));
        pair.CloseKernelEnd();

        Assert.True(pair.IsHeldByKernel());
        taken.Send("x"u8);
        Assert.True(pair.IsHeldByKernel());

        using var ours = pair.TakeOurEnd();
        Assert.Equal(1, ours.Receive(new byte[2]));
    }

    /// <summary>The kernel does not say which sockets it has taken.</summary>
    [Fact]
    public void Of_several_pairs_those_that_are_held_can_be_told()
    {
        using var pairs = new KernelSocketPairs(3);
        var second = pairs.KernelDescriptors.ElementAt(1);
        using var taken = new Socket(new SafeSocketHandle(Duplicates.Of(second), ownsHandle: true));

        using var ours = Assert.Single(pairs.TakeHeld());

        taken.Send("x"u8);
        Assert.Equal(1, ours.Receive(new byte[2]));
    }
}
