using System.Net;
using Becket.Status;

namespace Becket.Tests.Program.Status;

public class StatusAddressTests
{
    [Theory]
    [InlineData("9464", "127.0.0.1", 9464)]
    [InlineData("0", "127.0.0.1", 0)]
    [InlineData("localhost:9464", "127.0.0.1", 9464)]
    [InlineData("127.0.0.1:65535", "127.0.0.1", 65535)]
    [InlineData("[::1]:0", "::1", 0)]
    [InlineData("0.0.0.0:9464", "0.0.0.0", 9464)]
    [InlineData("[::]:9464", "::", 9464)]
    public void A_port_and_an_address_are_a_tcp_address(string text, string address, int port) =>
        Assert.Equal(new StatusAddress.Tcp(IPAddress.Parse(address), port), StatusAddress.Parse(text));

    [Theory]
    [InlineData("9464", true)]
    [InlineData("[::1]:1", true)]
    [InlineData("127.3.2.1:1", true)]
    [InlineData("0.0.0.0:1", false)]
    [InlineData("[::]:1", false)]
    [InlineData("192.0.2.1:1", false)]
    public void Only_loopback_is_local(string text, bool isLocal) =>
        Assert.Equal(isLocal, Assert.IsType<StatusAddress.Tcp>(StatusAddress.Parse(text)).IsLocal);

    [Fact]
    public void What_has_a_slash_is_the_path_of_a_unix_socket()
    {
        Assert.Equal(new StatusAddress.Unix("/run/becket/status"), StatusAddress.Parse("/run/becket/status"));
        Assert.Equal(new StatusAddress.Unix(Path.GetFullPath("status:1")), StatusAddress.Parse("./status:1"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":9464")]
    [InlineData("::1:9464")]
    [InlineData("::1")]
    [InlineData("[::1]")]
    [InlineData("[127.0.0.1]:1")]
    [InlineData("127.1:9464")]
    [InlineData("example.com:9464")]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("9464 ")]
    [InlineData("status.sock")]
    public void Anything_else_is_refused_and_named(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<FormatException>(() => StatusAddress.Parse(text)).Message, StringComparison.Ordinal);
}
