using System.Globalization;
using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>What the log calls a client: its address, or on a unix socket, where clients have none, its process.</summary>
internal static class PeerName
{
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

    private static string OfProcess(Socket socket) => PeerCredentials.Of(socket) is { } peer
        ? string.Create(CultureInfo.InvariantCulture, $"pid {peer.Process}")
        : "unknown";
}
