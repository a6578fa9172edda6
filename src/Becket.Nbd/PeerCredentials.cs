using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Becket.Nbd;

/// <summary>
/// Who connected to a unix socket, as the kernel knows it (SO_PEERCRED, unix(7)): the process, its user and its first group.
/// </summary>
/// <remarks>
/// <code>
/// 0  4  pid     in the machine's byte order
/// 4  4  uid
/// 8  4  gid
/// </code>
/// </remarks>
internal readonly record struct PeerCredentials(int Process, uint User, uint Group)
{
    private const int SocketLevel = 1;
    private const int Option = 17;
    private const int Size = 12;

    /// <summary>Null where the kernel does not tell.</summary>
    public static PeerCredentials? Of(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[Size];
        return socket.GetRawSocketOption(SocketLevel, Option, bytes) == Size
            ? new PeerCredentials(
                MemoryMarshal.Read<int>(bytes), MemoryMarshal.Read<uint>(bytes[4..]), MemoryMarshal.Read<uint>(bytes[8..]))
            : null;
    }
}
