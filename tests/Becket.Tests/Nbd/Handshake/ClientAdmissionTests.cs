using System.Net;
using System.Net.Sockets;
using Becket.Nbd;

namespace Becket.Tests.Nbd.Handshake;

public class ClientAdmissionTests
{
    [Fact]
    public void Without_rules_everybody_is_admitted()
    {
        var admission = new ClientAdmission();

        Assert.Null(admission.RefusalOf(IPAddress.Parse("203.0.113.7")));
        Assert.Null(admission.RefusalOf(new PeerCredentials(1, 2, 3)));
        Assert.Null(admission.RefusalOf((PeerCredentials?)null));
    }

    [Theory]
    [InlineData("10.255.0.1", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("::ffff:11.1.2.3", false)]
    [InlineData("192.0.2.7", true)]
    [InlineData("192.0.2.8", false)]
    [InlineData("fd00::99", true)]
    [InlineData("fe80::1", false)]
    public void An_address_is_admitted_from_the_networks_that_are_named(string address, bool isAdmitted)
    {
        var admission = new ClientAdmission
        {
            Networks = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.7/32"), IPNetwork.Parse("fd00::/8")],
        };

        Assert.Equal(isAdmitted, admission.RefusalOf(IPAddress.Parse(address)) is null);
    }

    [Theory]
    [InlineData(7u, 1u, true)]
    [InlineData(1u, 8u, true)]
    [InlineData(8u, 7u, false)]
    [InlineData(0u, 0u, false)]
    public void A_user_or_a_group_is_enough(uint user, uint group, bool isAdmitted)
    {
        var admission = new ClientAdmission { Users = [7], Groups = [8] };

        Assert.Equal(isAdmitted, admission.RefusalOf(new PeerCredentials(1, user, group)) is null);
        Assert.NotNull(admission.RefusalOf((PeerCredentials?)null));
    }

    [Fact]
    public async Task A_client_from_elsewhere_is_closed_before_the_first_byte()
    {
        var admission = new ClientAdmission { Networks = [IPNetwork.Parse("192.0.2.0/24")] };
        await using var server = new RunningServer(new ArrayDevice(new byte[10]), new NbdServerOptions { Admission = admission });
        using var client = server.Connect();

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("turned away, its address is not among those allowed");
    }

    [Fact]
    public async Task A_client_from_where_it_may_come_is_served()
    {
        var admission = new ClientAdmission { Networks = [IPNetwork.Parse("127.0.0.0/8")] };
        await using var server = new RunningServer(new ArrayDevice(new byte[10]), new NbdServerOptions { Admission = admission });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 0, 0, cookie: 4);
        Assert.Equal((0u, 4L), client.ReceiveSimple());
    }

    [Fact]
    public void Who_is_at_the_other_end_of_a_unix_socket_is_known()
    {
        var path = Path.Combine(Path.GetTempPath(), $"becket-{Guid.NewGuid():N}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var client = RawClient.Connect(listener.LocalEndPoint!);
        using var accepted = listener.Accept();
        File.Delete(path);

        var peer = PeerCredentials.Of(accepted)!.Value;

        Assert.Equal(Environment.ProcessId, peer.Process);
        Assert.Null(new ClientAdmission { Users = [peer.User] }.Refusal(accepted));
        Assert.NotNull(new ClientAdmission { Users = [peer.User + 1] }.Refusal(accepted));
        Assert.Null(new ClientAdmission { Groups = [peer.Group] }.Refusal(accepted));
    }
}
