using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse.Mounting;

/// <summary>A pair of unix sockets over which a child process hands back an open file (SCM_RIGHTS).</summary>
internal static unsafe partial class DescriptorSocket
{
    private const int UnixDomain = 1;
    private const int Stream = 1;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;
    private const int DontWait = 0x40;
    private const int CloseReceivedOnExec = 0x4000_0000;
    private const int SocketLevel = 1;
    private const int Rights = 1;

    /// <summary>Ours, which no child gets, and theirs, which every child that is started from now on does: close it soon.</summary>
    public static (SafeFileHandle Ours, SafeFileHandle Theirs) CreatePair()
    {
        var pair = stackalloc int[2];
        if (SocketPair(UnixDomain, Stream, 0, pair) < 0)
            throw new FuseException($"cannot make a pair of sockets: {Libc.Words(Libc.LastError)}");
        var (ours, theirs) = (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
        _ = DescriptorControl(ours, SetDescriptorFlags, CloseOnExec);
        return (ours, theirs);
    }

    /// <summary>The descriptor that has arrived; null: none has.</summary>
    public static SafeFileHandle? TryReceive(SafeFileHandle socket)
    {
        byte data;
        var vector = new Vector { Start = &data, Length = 1 };
        var control = new ControlMessage();
        var message = new Message { Vectors = &vector, VectorCount = 1, Control = &control, ControlLength = sizeof(ControlMessage) };
        var isReceived = ReceiveMessage(socket, &message, DontWait | CloseReceivedOnExec) > 0
            && control.Length >= ControlMessage.WithDescriptor && control.Level == SocketLevel && control.Type == Rights;
        return isReceived ? new SafeFileHandle(control.Descriptor, ownsHandle: true) : null;
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int DescriptorControl(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeFileHandle socket, Message* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Start;
        public nint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
    }

    /// <summary>struct cmsghdr with one descriptor behind it, padded.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlMessage
    {
        public const int WithDescriptor = 20;

        public nint Length;
        public int Level;
        public int Type;
        public int Descriptor;
        private readonly int _padding;
    }
}
