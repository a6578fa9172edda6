using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Becket.Nbd;
using Becket.Nbd.Tls;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>What a server does with <c>ca-crl.pem</c>, and when it reads it.</summary>
public sealed class TlsRevocationTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly CapturedLog _log = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_on_the_list_is_turned_away_and_the_log_names_it(SslProtocols protocol)
    {
        using var revoked = _certificates.MakeClient("reader");
        using var other = _certificates.MakeClient("reader");
        WriteList(revoked);
        await using var server = Serve();

        AssertTurnedAway(server, revoked, protocol);

        await server.Log.WaitForAsync($"\"CN=reader\", serial number {revoked.SerialNumber}, is revoked");
        AssertLetIn(server, other, protocol);
    }

    [Fact]
    public async Task A_new_list_holds_for_new_connections_and_old_ones_live_on()
    {
        using var certificate = _certificates.MakeClient("reader");
        using var other = _certificates.MakeClient("other");
        WriteList();
        await using var server = Serve();
        using var before = StartTls(server, certificate);

        WriteList(certificate);

        AssertTurnedAway(server, certificate);
        AssertLetIn(server, other);
        Assert.Equal(RawClient.Ack, before.Ask(RawClient.Go, RawClient.InfoData("")));
        WriteList();
        AssertLetIn(server, certificate);
    }

    [Theory]
    [InlineData(null, "ca-crl.pem is gone")]
    [InlineData("rubbish", "ca-crl.pem holds no list")]
    public async Task A_list_that_is_gone_or_broken_leaves_the_last_good_one(string? content, string sentence)
    {
        using var revoked = _certificates.MakeClient("reader");
        WriteList(revoked);
        await using var server = Serve();

        if (content is null)
            File.Delete(_certificates["ca-crl.pem"]);
        else
            _certificates.Write("ca-crl.pem", content);

        AssertTurnedAway(server, revoked);
        await _log.WaitForAsync(sentence);
    }

    [Fact]
    public async Task A_list_that_appears_later_is_read()
    {
        using var revoked = _certificates.MakeClient("reader");
        await using var server = Serve();
        AssertLetIn(server, revoked);

        WriteList(revoked);

        AssertTurnedAway(server, revoked);
    }

    [Fact]
    public async Task An_expired_list_lets_nobody_in_and_is_warned_of_at_the_start()
    {
        using var certificate = _certificates.MakeClient("reader");
        _certificates.Write(
            "ca-crl.pem",
            TestRevocations.Pem(_certificates.Root, [], TestCertificates.Now.AddHours(-2), TestCertificates.Now.AddHours(-1)));
        await using var server = Serve();

        await _log.WaitForAsync("the list of \"CN=Test Root\" has expired");
        AssertTurnedAway(server, certificate);
        await server.Log.WaitForAsync("has expired");
        WriteList();
        AssertLetIn(server, certificate);
    }

    [Fact]
    public void A_list_that_is_none_is_refused_at_the_start_and_not_looked_at_where_nobody_is_verified()
    {
        _certificates.Write("ca-crl.pem", "whatever");

        Assert.Contains(
            "ca-crl.pem", Assert.Throws<TlsSetupException>(() => Load(TlsPeers.AnyOfTheAuthority)).Message, StringComparison.Ordinal);
        Load(peers: null);
    }

    private void WriteList(params IEnumerable<X509Certificate2> revoked) =>
        _certificates.Write("ca-crl.pem", TestRevocations.Pem(_certificates.Root, revoked));

    private void AssertTurnedAway(RunningServer server, X509Certificate2 certificate, SslProtocols protocol = SslProtocols.None) =>
        // With TLS 1.3 a client only learns of it after its own side is done.
        Assert.ThrowsAny<Exception>(() =>
        {
            using var client = StartTls(server, certificate, protocol);
            client.Ask(RawClient.List);
        });

    private void AssertLetIn(RunningServer server, X509Certificate2 certificate, SslProtocols protocol = SslProtocols.None)
    {
        using var client = StartTls(server, certificate, protocol);
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
    }

    private TlsServer Load(TlsPeers? peers) =>
        TlsServer.Load(TlsFiles.InFolder(_certificates.Folder), peers, TlsDemand.Required, TimeProvider.System, _log);

    private RunningServer Serve() => new(new ArrayDevice(new byte[10]), new NbdServerOptions { Tls = Load(TlsPeers.AnyOfTheAuthority) });

    private TlsClient StartTls(RunningServer server, X509Certificate2 certificate, SslProtocols protocol = SslProtocols.None) =>
        TlsClient.Start(server.Connect().Greet(), _certificates.Root, certificate, protocol);
}
