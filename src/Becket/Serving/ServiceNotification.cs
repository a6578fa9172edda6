using System.Net.Sockets;
using System.Text;

namespace Becket.Serving;

/// <summary>Tells systemd about the state of the service (sd_notify(3)); does nothing where no manager asked for it.</summary>
internal static class ServiceNotification
{
    /// <summary>Whether a service manager waits to be told.</summary>
    public static bool IsWanted => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));

    public static void Ready() => Send("READY=1");

    public static void Stopping() => Send("STOPPING=1");

    /// <summary>A line for whoever looks at <c>systemctl status</c>.</summary>
    public static void Status(string text) => Send($"STATUS={text.ReplaceLineEndings(" ")}");

    private static void Send(string state)
    {
        if (!IsWanted)
            return;

        var address = Environment.GetEnvironmentVariable("NOTIFY_SOCKET")!;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A leading @ stands for the zero byte of an abstract address.
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
        }
        catch (SocketException)
        {
            // A manager that has gone is no reason to stop serving.
        }
    }
}
