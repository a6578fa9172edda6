using System.Runtime.InteropServices;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>The kernel refused a request: its errno, and its own sentence where it has one. Becomes a sentence for people above.</summary>
internal sealed class NetlinkException(int errno, string sentence)
    : IOException(sentence.Length > 0 ? sentence : Marshal.GetPInvokeErrorMessage(errno))
{
    public int Errno { get; } = errno;
}

/// <summary>The values of errno that we tell apart.</summary>
internal static class Errors
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int AccessDenied = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int NoDevice = 19;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int NotSupported = 95;
}
