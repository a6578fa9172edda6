using System.Net;
using System.Net.Sockets;
using Becket.Serving;

namespace Becket.Tests.Program;

public class ServerAddressTests
{
    [Fact]
    public void A_unix_socket_is_written_for_libnbd_and_for_qemu()
    {
        using var listener = UnixListener.ListenInTemporaryFolder();

        var address = ServerAddress.Of(listener.Socket, "two words", tls: null);

        Assert.Equal($"nbd+unix:///two%20words?socket={listener.Path}", address.Uri);
        Assert.Equal($"nbd:unix:{listener.Path}:exportname=two words", address.QemuName);
        Assert.Equal(listener.Path, address.UnixSocket);
    }

    [Theory]
    [InlineData("127.0.0.1", "nbd://127.0.0.1:")]
    [InlineData("::1", "nbd://[::1]:")]
    public void A_port_is_written_with_its_host(string ip, string start)
    {
        using var socket = new Socket(IPAddress.Parse(ip).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(ip), 0));
        }
        catch (SocketException)
        {
            Assert.Skip($"{ip} is not an address of this machine");
        }

        var address = ServerAddress.Of(socket, "", tls: null);

        Assert.StartsWith(start, address.Uri, StringComparison.Ordinal);
        Assert.EndsWith($":{address.Port}/", address.Uri, StringComparison.Ordinal);
    }
}
