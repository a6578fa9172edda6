using System.Net.Sockets;

namespace Becket.InteropTests.Status;

/// <summary>HTTP to a status server that listens on a unix socket.</summary>
internal static class SocketHttp
{
    public static HttpClient ClientFor(string socketPath) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
