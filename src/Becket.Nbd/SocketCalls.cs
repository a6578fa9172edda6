using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Becket.Nbd;

/// <summary>
/// The blocking calls on a connected socket, straight to the C library: nothing between a request and the kernel, and nothing that
/// would make the descriptor non-blocking. A negative result is a failure, whose <see cref="LastError"/> holds until the next call.
/// </summary>
internal static partial class SocketCalls
{
    public const int Interrupted = 4;
    public const int TryAgain = 11;

    /// <summary>MSG_NOSIGNAL: a client that is gone is an error, not a signal.</summary>
    public const int NoSignal = 0x4000;

    /// <summary>MSG_DONTWAIT: this call alone fails rather than waits.</summary>
    public const int DontWait = 0x40;

    /// <summary>MSG_PEEK: what is received stays there for the next call.</summary>
    public const int Peek = 2;

    private const short Readable = 1;

    /// <summary>SIOCOUTQ, which is TIOCOUTQ.</summary>
    private const nuint UnsentQueue = 0x5411;

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string LastErrorSentence => Marshal.GetPInvokeErrorMessage(LastError);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeSocketHandle socket, Span<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeSocketHandle socket, ReadOnlySpan<byte> data, nint length, int flags);

    /// <summary>Bytes that were sent and that the other side has not taken yet.</summary>
    public static int CountUnsent(SafeSocketHandle socket) => Control(socket, UnsentQueue, out var unsent) < 0 ? 0 : unsent;

    /// <summary>
    /// Whether there is something to receive, be it the end, within a time. A wait that a signal interrupts begins again.
    /// </summary>
    public static bool IsReadable(SafeSocketHandle socket, int milliseconds)
    {
        var isHeld = false;
        try
        {
            socket.DangerousAddRef(ref isHeld);
            var entry = new PollEntry { File = (int)socket.DangerousGetHandle(), Events = Readable };
            int found;
            do
                found = Poll(ref entry, 1, milliseconds);
            while (found < 0 && LastError == Interrupted);
            return found > 0;
        }
        finally
        {
            if (isHeld)
                socket.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeSocketHandle socket, nuint request, out int result);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entries, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
