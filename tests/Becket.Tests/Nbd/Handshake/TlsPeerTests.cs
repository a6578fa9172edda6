using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Becket.Nbd;
using Becket.Nbd.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>Who is let in by a server that verifies its clients, and what the log says of the others.</summary>
public sealed class TlsPeerTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_certificate_of_the_authority_is_let_in(SslProtocols protocol)
    {
        await using var server = Serve();
        using var client = StartTls(server, _certificates.MakeClient("reader"), protocol);

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
        await server.Log.WaitForAsync("client \"CN=reader\"");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public Task No_certificate_is_turned_away(SslProtocols protocol) =>
        AssertTurnedAwayAsync(certificate: null, "the client shows no certificate", protocol);

    [Fact]
    public async Task A_certificate_of_another_authority_is_turned_away()
    {
        using var others = new TestCertificates();

        await AssertTurnedAwayAsync(others.MakeClient("reader"), "\"CN=reader\" is not accepted");
    }

    [Fact]
    public Task An_expired_certificate_is_turned_away() =>
        AssertTurnedAwayAsync(_certificates.MakeExpiredClient("reader"), "NotTimeValid");

    [Fact]
    public Task A_certificate_for_servers_is_turned_away() =>
        AssertTurnedAwayAsync(_certificates.MakeServer("reader"), "NotValidForUsage");

    [Fact]
    public async Task A_name_is_found_in_the_subject_and_among_the_DNS_names_whatever_its_case()
    {
        await using var server = Serve("Reader", "host.example");

        X509Certificate2[] certificates = [_certificates.MakeClient("reader"), _certificates.MakeClient("x", "a.example", "HOST.example")];
        foreach (var certificate in certificates)
        {
            using var client = StartTls(server, certificate);
            Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
        }
    }

    [Theory]
    [InlineData("writer")]
    [InlineData("reader.example")]
    [InlineData("*")]
    public Task Another_name_is_turned_away(string name) =>
        AssertTurnedAwayAsync(
            _certificates.MakeClient(name, $"{name}.host"), "has none of the names that may connect", SslProtocols.None, "reader");

    [Fact]
    public async Task A_client_whose_certificate_nobody_asks_for_needs_none()
    {
        var tls = TlsServer.Load(
            TlsFiles.InFolder(_certificates.Folder), peers: null, TlsDemand.Required, TimeProvider.System, NullLogger.Instance);
        await using var server = new RunningServer(new ArrayDevice(new byte[10]), new NbdServerOptions { Tls = tls });
        using var others = new TestCertificates();
        using var client = StartTls(server, others.MakeClient("anybody"));

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
    }

    private async Task AssertTurnedAwayAsync(
        X509Certificate2? certificate, string reason, SslProtocols protocol = SslProtocols.None, params IReadOnlyList<string> names)
    {
        await using var server = Serve(names);

        // With TLS 1.3 a client only learns of it after its own side is done.
        Assert.ThrowsAny<Exception>(() =>
        {
            using var client = StartTls(server, certificate, protocol);
            client.Ask(RawClient.List);
        });
        await server.Log.WaitForAsync(reason);

        using var good = StartTls(server, _certificates.MakeClient("reader"));
        Assert.Equal(RawClient.Ack, good.Ask(RawClient.Go, RawClient.InfoData("")));
    }

    private RunningServer Serve(params IReadOnlyList<string> names)
    {
        var tls = TlsServer.Load(
            TlsFiles.InFolder(_certificates.Folder), new TlsPeers(names), TlsDemand.Required, TimeProvider.System, NullLogger.Instance);
        return new RunningServer(new ArrayDevice(new byte[10]), new NbdServerOptions { Tls = tls });
    }

    private TlsClient StartTls(RunningServer server, X509Certificate2? certificate, SslProtocols protocols = SslProtocols.None) =>
        TlsClient.Start(server.Connect().Greet(), _certificates.Root, certificate, protocols);
}
