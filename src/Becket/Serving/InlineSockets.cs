using System.Diagnostics;

namespace Becket.Serving;

/// <summary>
/// Has the runtime go on with what waits for a socket on the thread that heard from it. What waits for a store's bytes copies
/// them and asks for more, and never blocks: it need not change threads for that, at every 40 KiB of a body.
/// </summary>
internal static class InlineSockets
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>To be called before the first socket is used, which is when the runtime asks for the variable.</summary>
    public static void Enable() => Environment.SetEnvironmentVariable(Variable, "1");

    /// <summary>What we start may be a .NET program too, and knows nothing of this.</summary>
    public static void HideFrom(ProcessStartInfo start) => start.Environment.Remove(Variable);
}
