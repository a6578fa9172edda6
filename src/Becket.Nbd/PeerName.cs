using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Becket.Nbd;

/// <summary>
/// What the log calls a client: its address, or on a unix socket, where clients have none, its process as the kernel
/// knows it (SO_PEERCRED, unix(7)).
/// </summary>
internal static class PeerName
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    public static string Of(Socket socket)
    {
        try
        {
            return socket.AddressFamily == AddressFamily.Unix ? OfProcess(socket) : socket.RemoteEndPoint?.ToString() ?? "unknown";
        }
        catch (SocketException)
        {
            return "unknown";
        }
    }

    /// <summary>The structure is pid, uid and gid, 4 bytes each, in the machine's order.</summary>
    private static string OfProcess(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        var size = socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        return size == credentials.Length
            ? string.Create(CultureInfo.InvariantCulture, $"pid {MemoryMarshal.Read<int>(credentials)}")
            : "unknown";
    }
}
