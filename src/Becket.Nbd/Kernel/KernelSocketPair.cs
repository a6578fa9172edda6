using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Becket.Nbd.Kernel;

/// <summary>
/// A connection between the kernel and us: two ends of a unix socket. The kernel takes a reference to its end while it is told
/// about it; our copy of that end is then closed, or we would never hear that the kernel has closed its own.
/// </summary>
internal sealed partial class KernelSocketPair : IDisposable
{
    private const int UnixFamily = 1;
    private const int StreamCloseOnExec = 1 | 0x80000;
    private const int Peek = 2;

    private readonly SafeSocketHandle _kernelEnd;
    private Socket? _ourEnd;

    private KernelSocketPair(Socket ourEnd, SafeSocketHandle kernelEnd) => (_ourEnd, _kernelEnd) = (ourEnd, kernelEnd);

    /// <summary>To be named to the kernel before <see cref="CloseKernelEnd"/>.</summary>
    public int KernelDescriptor => (int)_kernelEnd.DangerousGetHandle();

    public static unsafe KernelSocketPair Create()
    {
        var ends = stackalloc int[2];
        if (MakePair(UnixFamily, StreamCloseOnExec, 0, ends) < 0)
            throw new KernelDeviceException($"cannot make a socket for the kernel: {SocketCalls.LastErrorSentence}");

        var kernelEnd = new SafeSocketHandle(ends[1], ownsHandle: true);
        return new KernelSocketPair(new Socket(new SafeSocketHandle(ends[0], ownsHandle: true)), kernelEnd);
    }

    public void CloseKernelEnd() => _kernelEnd.Dispose();

    /// <summary>Whether the kernel holds its end. To be asked when our copy of that end is closed.</summary>
    public bool IsHeldByKernel()
    {
        Span<byte> first = stackalloc byte[1];
        return _ourEnd is { } socket && SocketCalls.Receive(socket.SafeHandle, first, first.Length, Peek | SocketCalls.DontWait) switch
        {
            0 => false,
            > 0 => true,
            _ => SocketCalls.LastError == SocketCalls.TryAgain,
        };
    }

    /// <summary>Our end, which is the caller's from here on.</summary>
    public Socket TakeOurEnd() => Interlocked.Exchange(ref _ourEnd, null) ?? throw new InvalidOperationException("the socket was taken");

    public void Dispose()
    {
        _kernelEnd.Dispose();
        _ourEnd?.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static unsafe partial int MakePair(int family, int type, int protocol, int* ends);
}
