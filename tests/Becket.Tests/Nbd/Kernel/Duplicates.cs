using System.Runtime.InteropServices;

namespace Becket.Tests.Nbd.Kernel;

/// <summary>A second descriptor for the same end of a socket: as the kernel takes one when it is told of a descriptor.</summary>
internal static partial class Duplicates
{
    public static int Of(int descriptor)
    {
        var copy = Duplicate(descriptor);
        Assert.True(copy >= 0);
        return copy;
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);
}
