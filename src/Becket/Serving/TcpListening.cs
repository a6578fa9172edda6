using System.Net;
using System.Net.Sockets;

namespace Becket.Serving;

/// <summary>Opens listening TCP sockets.</summary>
internal static class TcpListening
{
    public const string DefaultAddress = "127.0.0.1";

    private const int Backlog = 128;

    /// <summary>Binds and listens; port 0 lets the kernel choose.</summary>
    /// <param name="address">An IP address, or <c>localhost</c>.</param>
    /// <param name="port">The port.</param>
    /// <param name="option">The option that says the port, for people whose port is taken.</param>
    /// <exception cref="CommandException">The address is none of this machine's, or the port is taken.</exception>
    public static Socket Listen(string address, int port, string option)
    {
        if (!IPAddress.TryParse(address == "localhost" ? DefaultAddress : address.Trim('[', ']'), out var ip))
            throw CommandException.Usage($"'{address}' is not an IP address to listen on; try {DefaultAddress}");

        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Not told to reuse the address: .NET does so anyway for one that waits for late packets, and the option would let two
            // servers share a port.
            socket.Bind(new IPEndPoint(ip, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new CommandException(
                e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"port {port} on {ip} is taken by another program; choose another one with {option}",
                    SocketError.AccessDenied => $"no permission to listen on port {port}; ports below 1024 need root",
                    SocketError.AddressNotAvailable => $"{ip} is not an address of this machine",
                    _ => $"cannot listen on {ip} port {port}: {e.Message}",
                },
                inner: e);
        }
    }
}
