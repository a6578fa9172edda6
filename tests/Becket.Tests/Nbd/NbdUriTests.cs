using System.Net;
using System.Net.Sockets;
using Becket.Nbd;

namespace Becket.Tests.Nbd;

public class NbdUriTests
{
    [Theory]
    [InlineData("nbd://localhost/disk", "localhost", 10809, "disk")]
    [InlineData("nbd://localhost", "localhost", 10809, "")]
    [InlineData("nbd://localhost:1234/", "localhost", 1234, "")]
    [InlineData("nbd://localhost/a/b%20c%2F", "localhost", 10809, "a/b c/")]
    public void A_host_may_come_with_a_port_and_an_export(string text, string host, int port, string export)
    {
        var uri = NbdUri.Parse(text);

        Assert.Equal(new DnsEndPoint(host, port), uri.Address);
        Assert.Equal(export, uri.Export);
    }

    [Fact]
    public void An_address_of_IPv6_stands_in_brackets() =>
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 77), NbdUri.Parse("nbd://[::1]:77/x").Address);

    [Theory]
    [InlineData("nbd+unix:///?socket=/tmp/s", "/tmp/s", "")]
    [InlineData("nbd+unix:///disk%20one?socket=/tmp/a%20b", "/tmp/a b", "disk one")]
    [InlineData("nbd+unix://?socket=/tmp/s", "/tmp/s", "")]
    public void A_unix_socket_is_a_parameter(string text, string socket, string export)
    {
        var uri = NbdUri.Parse(text);

        Assert.Equal(socket, Assert.IsType<UnixDomainSocketEndPoint>(uri.Address).ToString());
        Assert.Equal(export, uri.Export);
    }

    [Theory]
    [InlineData("nbd://localhost/disk")]
    [InlineData("nbd://127.0.0.1:99/")]
    [InlineData("nbd://[::1]/%C3%A4%2Fb")]
    [InlineData("nbd+unix:///disk%20one?socket=/tmp/a%20b%3F")]
    [InlineData("nbds://localhost/disk")]
    [InlineData("nbds://[::1]:99/?tls-certificates=/etc/pki%20x")]
    [InlineData("nbds+unix:///disk?socket=/tmp/s&tls-certificates=/etc/pki")]
    public void Text_and_uri_are_the_same_thing(string text) => Assert.Equal(text, NbdUri.Parse(text).ToString());

    [Fact]
    public void One_more_letter_means_TLS()
    {
        var (tcp, unix) = (NbdUri.Parse("nbds://host/disk?x=y&tls-certificates=/a%26b"), NbdUri.Parse("NBDS+UNIX:///?socket=/tmp/s"));

        Assert.Equal((NbdProtection.Tls, "/a&b", "disk"), (tcp.Protection, tcp.TlsCertificates, tcp.Export));
        Assert.Equal((NbdProtection.Tls, null), (unix.Protection, unix.TlsCertificates));
        Assert.Equal(NbdProtection.None, NbdUri.Parse("nbd://host/?tls-certificates=/a").Protection);
    }

    [Theory]
    [InlineData("http://localhost/")]
    [InlineData("nbdx://localhost/")]
    [InlineData("nbds://")]
    [InlineData("nbds+unix:///disk?tls-certificates=/pki")]
    [InlineData("nbd://")]
    [InlineData("nbd://:10809/")]
    [InlineData("nbd://localhost:0/")]
    [InlineData("nbd://localhost:70000/")]
    [InlineData("nbd://localhost:/")]
    [InlineData("nbd://[::1]x/")]
    [InlineData("nbd+unix:///disk")]
    [InlineData("nbd+unix:///disk?socket=")]
    [InlineData("nbd+unix://host/disk?socket=/tmp/s")]
    public void Anything_else_is_refused_with_the_text_in_the_message(string text) =>
        Assert.Contains(text, Assert.Throws<FormatException>(() => NbdUri.Parse(text)).Message, StringComparison.Ordinal);
}
