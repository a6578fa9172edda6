using Becket.Nbd.Kernel.Netlink;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Kernel;

/// <summary>What is said to the kernel's nbd driver and what it answers (linux/nbd-netlink.h).</summary>
/// <remarks>
/// <code>
/// command       attributes                                                       answer
/// CONNECT       SIZE, BLOCK_SIZE, TIMEOUT, SERVER_FLAGS, SOCKETS,                INDEX
///               DEAD_CONN_TIMEOUT, BACKEND_IDENTIFIER
/// DISCONNECT    INDEX
/// RECONFIGURE   INDEX, TIMEOUT, SOCKETS, DEAD_CONN_TIMEOUT, BACKEND_IDENTIFIER
/// STATUS        INDEX                                                            DEVICE_LIST { ITEM 1 { INDEX 1: 4, CONNECTED 2: 1 } }
///
///  1  4  INDEX                which device; left out of CONNECT: the kernel picks one
///  2  8  SIZE                 bytes
///  3  8  BLOCK_SIZE           bytes
///  4  8  TIMEOUT              seconds; 0: none
///  5  8  SERVER_FLAGS         the transmission flags of the handshake that is left out
///  7  -  SOCKETS              { ITEM 1 { FD 1: 4 } } for each connection
///  8  8  DEAD_CONN_TIMEOUT    seconds
///  9  -  DEVICE_LIST
/// 10  s  BACKEND_IDENTIFIER   text
/// </code>
/// A RECONFIGURE never names the size: a change of it would wait for requests that only the new sockets can answer.
/// </remarks>
internal static class KernelMessages
{
    public const string Family = "nbd";

    private const ushort Index = 1;
    private const ushort Size = 2;
    private const ushort BlockSize = 3;
    private const ushort RequestTimeout = 4;
    private const ushort ServerFlags = 5;
    private const ushort Sockets = 7;
    private const ushort DeadConnectionTimeout = 8;
    private const ushort DeviceList = 9;
    private const ushort BackendIdentifier = 10;

    private const ushort Item = 1;
    private const ushort SocketDescriptor = 1;
    private const ushort DeviceIndex = 1;
    private const ushort DeviceConnected = 2;

    public static AttributeWriter Connect(long size, TransmissionFlags flags, KernelDeviceOptions options, IEnumerable<int> sockets) =>
        AddTerms(
            new AttributeWriter()
                .Add(Size, (ulong)size)
                .Add(BlockSize, (ulong)options.BlockSize)
                .Add(ServerFlags, (ulong)flags),
            options,
            sockets);

    public static AttributeWriter Reconfigure(int index, KernelDeviceOptions options, IEnumerable<int> sockets) =>
        AddTerms(new AttributeWriter().Add(Index, (uint)index), options, sockets);

    /// <summary>For DISCONNECT and STATUS.</summary>
    public static AttributeWriter Device(int index) => new AttributeWriter().Add(Index, (uint)index);

    public static int ReadIndex(ReadOnlySpan<byte> answer) =>
        (int)(AttributeReader.FindUInt32(answer, Index)
            ?? throw new KernelDeviceException("the kernel did not say which nbd device it has connected"));

    /// <summary>False too where the kernel knows no such device.</summary>
    public static bool ReadIsConnected(ReadOnlySpan<byte> answer, int index)
    {
        var devices = new AttributeReader(AttributeReader.Find(answer, DeviceList));
        while (devices.TryRead(out _, out var device))
        {
            if (AttributeReader.FindUInt32(device, DeviceIndex) == (uint)index)
                return AttributeReader.Find(device, DeviceConnected) is [not 0, ..];
        }

        return false;
    }

    private static AttributeWriter AddTerms(AttributeWriter message, KernelDeviceOptions options, IEnumerable<int> sockets)
    {
        var list = new AttributeWriter();
        foreach (var socket in sockets)
            list.Add(Item, new AttributeWriter().Add(SocketDescriptor, (uint)socket));

        message
            .Add(RequestTimeout, Seconds(options.RequestTimeout))
            .Add(DeadConnectionTimeout, Seconds(options.DeadConnectionTimeout))
            .Add(Sockets, list);
        return options.BackendIdentifier.Length > 0 ? message.Add(BackendIdentifier, options.BackendIdentifier) : message;
    }

    /// <summary>Rounded up: a time that is not zero must not become "none".</summary>
    private static ulong Seconds(TimeSpan time) => (ulong)Math.Ceiling(time.TotalSeconds);
}

/// <summary>Commands of the family nbd.</summary>
internal enum KernelCommand : byte
{
    Connect = 1,
    Disconnect = 2,
    Reconfigure = 3,
    Status = 5,
}
