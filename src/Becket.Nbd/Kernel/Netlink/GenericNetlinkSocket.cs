using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>
/// A conversation with the kernel over generic netlink: one request, its answer, the next one. For one thread at a time.
/// </summary>
/// <remarks>
/// The kernel carries a request out within the call that sends it. So a request can block as long as the kernel is busy with it, and
/// its answer is there as soon as it is sent. .NET knows no netlink sockets; the descriptor is opened by hand.
/// </remarks>
internal sealed partial class GenericNetlinkSocket : IDisposable
{
    private const int NetlinkFamily = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int GenericProtocol = 16;
    private const int NetlinkLevel = 270;
    private const int CappedAcknowledgements = 10;
    private const int ExtendedAcknowledgements = 11;

    private const ushort ControllerFamily = 16;
    private const byte GetFamily = 3;
    private const ushort FamilyId = 1;
    private const ushort FamilyName = 2;

    /// <summary>The kernel never makes a message for a socket larger than this (NLMSG_GOODSIZE and more).</summary>
    private const int ReceiveCapacity = 64 * 1024;

    private readonly SafeSocketHandle _socket;
    private readonly byte[] _received = new byte[ReceiveCapacity];
    private uint _sequence;

    private GenericNetlinkSocket(SafeSocketHandle socket) => _socket = socket;

    public static GenericNetlinkSocket Open()
    {
        var socket = OpenSocket(NetlinkFamily, RawCloseOnExec, GenericProtocol);
        if (socket.IsInvalid)
        {
            socket.Dispose();
            throw new NetlinkException(SocketCalls.LastError, "");
        }

        // Sentences beside the numbers, and not our own request back. Before Linux 4.12 there is neither: it does without.
        var yes = 1;
        _ = SetOption(socket, NetlinkLevel, ExtendedAcknowledgements, in yes, sizeof(int));
        _ = SetOption(socket, NetlinkLevel, CappedAcknowledgements, in yes, sizeof(int));
        return new GenericNetlinkSocket(socket);
    }

    /// <summary>
    /// The number of a family, or null where the kernel has none of that name. The kernel itself tries to load a module that
    /// provides it.
    /// </summary>
    public ushort? FindFamily(string name)
    {
        try
        {
            var reply = Request(ControllerFamily, GetFamily, new AttributeWriter().Add(FamilyName, name));
            return AttributeReader.FindUInt16(reply, FamilyId);
        }
        catch (NetlinkException e) when (e.Errno == Errors.NoEntry)
        {
            return null;
        }
    }

    /// <summary>Sends a request and returns the attributes of the message that answers it; none where the kernel only agreed.</summary>
    public byte[] Request(ushort family, byte command, AttributeWriter attributes)
    {
        var request = BuildRequest(family, command, ++_sequence, attributes);
        if (SocketCalls.Send(_socket, request, request.Length, SocketCalls.NoSignal) < 0)
            throw new NetlinkException(SocketCalls.LastError, "");

        byte[] answer = [];
        while (true)
        {
            var left = Receive();
            while (NetlinkHeader.TryRead(left, out var header))
            {
                var message = left[..header.Length];
                left = left[Math.Min(NetlinkHeader.Align(header.Length), left.Length)..];

                // What is left of an earlier request that was interrupted.
                if (header.Sequence != _sequence)
                    continue;

                if (header.Type != NetlinkError.Type)
                    answer = message.Length > NetlinkHeader.Size ? message[NetlinkHeader.Size..].ToArray() : [];
                else if (NetlinkError.TryRead(message, header.Flags, out var error))
                    return error.Errno == 0 ? answer : throw new NetlinkException(error.Errno, error.Sentence);
            }
        }
    }

    public static byte[] BuildRequest(ushort family, byte command, uint sequence, AttributeWriter attributes)
    {
        var message = new byte[NetlinkHeader.Size + attributes.Content.Length];
        const NetlinkFlags flags = NetlinkFlags.Request | NetlinkFlags.Acknowledge;
        new NetlinkHeader(message.Length, family, flags, sequence, command, Version: 1).Write(message);
        attributes.Content.CopyTo(message.AsSpan(NetlinkHeader.Size));
        return message;
    }

    public void Dispose() => _socket.Dispose();

    private ReadOnlySpan<byte> Receive()
    {
        while (true)
        {
            var received = SocketCalls.Receive(_socket, _received, _received.Length, flags: 0);
            if (received >= 0)
                return _received.AsSpan(0, (int)received);
            if (SocketCalls.LastError != SocketCalls.Interrupted)
                throw new NetlinkException(SocketCalls.LastError, "");
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeSocketHandle OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeSocketHandle socket, int level, int option, in int value, int size);
}
