using System.Security.Cryptography.X509Certificates;
using Becket.Nbd;
using Becket.Nbd.Tls;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>What is read from the files, when it is read again, and what is said of files that do not do.</summary>
public sealed class TlsServerTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly CapturedLog _log = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_new_certificate_is_shown_to_new_connections_and_old_ones_live_on()
    {
        await using var server = Serve();
        using var before = StartTls(server);
        _certificates.WriteServer(_certificates.MakeServer("other.example"));

        using var after = StartTls(server, "other.example");

        Assert.Equal("CN=localhost", before.Stream.RemoteCertificate!.Subject);
        Assert.Equal("CN=other.example", after.Stream.RemoteCertificate!.Subject);
        Assert.Equal(RawClient.Ack, before.Ask(RawClient.Go, RawClient.InfoData("")));
        Assert.Equal(RawClient.Ack, after.Ask(RawClient.Go, RawClient.InfoData("")));
        await _log.WaitForAsync("read again: \"CN=other.example\"");
    }

    [Fact]
    public async Task A_file_behind_a_link_that_was_turned_is_a_new_one()
    {
        var (one, two) = (_certificates["server-cert.pem"] + ".1", _certificates["server-cert.pem"] + ".2");
        var (keyOne, keyTwo) = (_certificates["server-key.pem"] + ".1", _certificates["server-key.pem"] + ".2");
        File.Move(_certificates["server-cert.pem"], one);
        File.Move(_certificates["server-key.pem"], keyOne);
        _certificates.WriteServer(_certificates.MakeServer("other.example"));
        File.Move(_certificates["server-cert.pem"], two);
        File.Move(_certificates["server-key.pem"], keyTwo);
        Directory.CreateSymbolicLink(_certificates["now"], _certificates.Folder);
        File.CreateSymbolicLink(_certificates["server-cert.pem"], one);
        File.CreateSymbolicLink(_certificates["server-key.pem"], keyOne);
        await using var server = Serve();
        StartTls(server).Dispose();

        foreach (var (link, target) in ((string, string)[])[("server-cert.pem", two), ("server-key.pem", keyTwo)])
        {
            File.Delete(_certificates[link]);
            File.CreateSymbolicLink(_certificates[link], target);
        }

        using var after = StartTls(server, "other.example");
        Assert.Equal("CN=other.example", after.Stream.RemoteCertificate!.Subject);
    }

    [Theory]
    [InlineData("server-cert.pem", "rubbish")]
    [InlineData("server-key.pem", "rubbish")]
    [InlineData("server-key.pem", null)]
    public async Task A_broken_file_leaves_the_last_good_certificate_until_it_is_repaired(string name, string? content)
    {
        await using var server = Serve();
        if (content is null)
            File.Delete(_certificates[name]);
        else
            _certificates.Write(name, content);

        using (var client = StartTls(server))
            Assert.Equal("CN=localhost", client.Stream.RemoteCertificate!.Subject);

        await _log.WaitForAsync("TLS goes on with the certificate that it has");
        await _log.WaitForAsync(name);
        _certificates.WriteServer(_certificates.MakeServer("other.example"));
        using var after = StartTls(server, "other.example");
        Assert.Equal("CN=other.example", after.Stream.RemoteCertificate!.Subject);
    }

    [Fact]
    public async Task The_chain_behind_the_certificate_is_sent()
    {
        var between = TestCertificates.MakeAuthority("Between", _certificates.Root);
        _certificates.WriteServer(_certificates.MakeServer(issuer: between), between);
        await using var server = Serve();

        // Trusts the root alone, so that it needs the link in between from the server.
        using var client = StartTls(server);

        Assert.Equal("CN=Between", ((X509Certificate2)client.Stream.RemoteCertificate!).Issuer);
    }

    [Fact]
    public void The_key_of_another_certificate_is_refused()
    {
        _certificates.WriteKey("server-key.pem", _certificates.MakeServer());

        AssertRefused("is not the key of");
    }

    [Theory]
    [InlineData("server-cert.pem")]
    [InlineData("server-key.pem")]
    public void A_missing_file_is_named(string name)
    {
        File.Delete(_certificates[name]);

        AssertRefused(_certificates[name]);
    }

    [Theory]
    [InlineData("server-cert.pem", "holds no certificate")]
    [InlineData("server-key.pem", "holds no private key")]
    public void A_file_without_PEM_is_refused(string name, string sentence)
    {
        _certificates.Write(name, "rubbish");

        AssertRefused(sentence);
    }

    [Fact]
    public void A_key_with_a_password_is_refused()
    {
        _certificates.Write("server-key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");

        AssertRefused("protected by a password");
    }

    [Fact]
    public void Clients_cannot_be_verified_without_an_authority()
    {
        File.Delete(_certificates["ca-cert.pem"]);

        AssertRefused("ca-cert.pem", TlsPeers.AnyOfTheAuthority);
        Load(peers: null);
    }

    [Fact]
    public async Task An_expired_certificate_is_warned_of()
    {
        _certificates.WriteServer(_certificates.MakeServer(validFor: TimeSpan.FromHours(-1)));

        Load(peers: null);

        await _log.WaitForAsync("has expired");
    }

    [Fact]
    public async Task A_key_that_everybody_may_read_is_warned_of()
    {
        File.SetUnixFileMode(_certificates["server-key.pem"], UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Load(peers: null);

        await _log.WaitForAsync("chmod 600");
    }

    private TlsServer Load(TlsPeers? peers) =>
        TlsServer.Load(TlsFiles.InFolder(_certificates.Folder), peers, TlsDemand.Required, TimeProvider.System, _log);

    private void AssertRefused(string sentence, TlsPeers? peers = null) =>
        Assert.Contains(sentence, Assert.Throws<TlsSetupException>(() => Load(peers)).Message, StringComparison.Ordinal);

    private RunningServer Serve() => new(new ArrayDevice(new byte[10]), new NbdServerOptions { Tls = Load(peers: null) });

    private TlsClient StartTls(RunningServer server, string host = "localhost") =>
        TlsClient.Start(server.Connect().Greet(), _certificates.Root, host: host);
}
