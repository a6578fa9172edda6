using System.Runtime.InteropServices;

namespace Becket;

/// <summary>
/// No core dumps: the memory holds keys and other people's data. Only the soft limit, which <c>prlimit --core=unlimited --pid</c>
/// raises again for whoever looks for a fault; PR_SET_DUMPABLE would keep debuggers and profilers out as well.
/// </summary>
internal static partial class CoreDumps
{
    private const int Resource = 4; // RLIMIT_CORE

    public static void Forbid()
    {
        if (Get(Resource, out var limit) == 0)
            _ = Set(Resource, limit with { Soft = 0 });
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Get(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int Set(int resource, in Limit limit);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(nuint Soft, nuint Hard);
}
