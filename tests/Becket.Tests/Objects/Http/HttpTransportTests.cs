using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Becket.Objects;
using Becket.Objects.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Objects.Http;

/// <summary>Connections that fail for real, and what the user is told.</summary>
public sealed class HttpTransportTests : IDisposable
{
    private const string Answer = "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: 5\r\n\r\n";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_refused_connection_is_transient_and_says_so()
    {
        var e = await FailsAsync(new Uri($"http://127.0.0.1:{UnusedPort()}/disk.img"));
        Assert.Equal(ObjectStoreError.Unavailable, e.Error);
        Assert.True(e.IsTransient);
        Assert.Contains("refused the connection", e.Message);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_named()
    {
        var e = await FailsAsync(new Uri("http://becket.invalid/disk.img"));
        Assert.Equal(ObjectStoreError.Unavailable, e.Error);
        Assert.Contains("cannot be resolved", e.Message);
        Assert.Contains("becket.invalid", e.Message);
    }

    [Fact]
    public async Task A_connection_that_is_reset_is_transient()
    {
        await using var server = new RawHttpServer((_, connection) =>
        {
            connection.Reset();
            return Task.CompletedTask;
        });
        var e = await FailsAsync(server.Url());
        Assert.Equal(ObjectStoreError.Unavailable, e.Error);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task An_answer_that_is_not_HTTP_is_a_bad_answer()
    {
        await using var server = RawHttpServer.Answering("220 mail.example ESMTP\r\n\r\n");
        Assert.Equal(ObjectStoreError.BadAnswer, (await FailsAsync(server.Url())).Error);
    }

    [Fact]
    public async Task An_https_URL_of_an_http_server_says_so()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync(Cancelled);
            await socket.ReceiveAsync(new byte[4096], Cancelled); // the client's part of a TLS handshake, which is no request
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Cancelled);
        }, Cancelled);
        var e = await FailsAsync(new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/disk.img"));
        await serving;
        Assert.Equal(ObjectStoreError.Unavailable, e.Error);
        Assert.Contains("is the server one for https?", e.Message);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused_with_the_option_that_helps()
    {
        using var authority = new Authority("Becket test authority");
        using var certificate = authority.Issue("127.0.0.1");
        await using var server = new RawHttpServer((_, connection) => connection.SendAsync(Answer), certificate);
        var e = await FailsAsync(server.Url());
        Assert.Equal(ObjectStoreError.Certificate, e.Error);
        Assert.False(e.IsTransient);
        Assert.Contains("--ca-bundle", e.Message);
        Assert.Contains("AWS_CA_BUNDLE", e.Message);
    }

    [Fact]
    public async Task A_certificate_of_one_of_the_bundles_authorities_is_trusted()
    {
        using var other = new Authority("Another authority");
        using var authority = new Authority("Becket test authority");
        using var certificate = authority.Issue("127.0.0.1");
        await using var server = new RawHttpServer((_, connection) => connection.SendAsync(Answer), certificate);
        var bundle = await BundleAsync(other.Pem + "\n" + authority.Pem);

        // Many handshakes at once, since they share what the bundle was read into.
        using var http = HttpTransport.Create(new HttpTransportOptions { CaBundle = bundle });
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            var store = new HttpObjectStore(server.Url(), http, NullLogger.Instance);
            Assert.Equal(5, (await store.HeadAsync(store.Key, null, Cancelled))?.Size);
        }));
    }

    [Fact]
    public async Task A_bundle_is_trusted_instead_of_everything_else()
    {
        using var other = new Authority("Another authority");
        using var authority = new Authority("Becket test authority");
        using var certificate = authority.Issue("127.0.0.1");
        await using var server = new RawHttpServer((_, connection) => connection.SendAsync(Answer), certificate);
        Assert.Equal(ObjectStoreError.Certificate, (await FailsAsync(server.Url(), await BundleAsync(other.Pem))).Error);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        using var authority = new Authority("Becket test authority");
        using var certificate = authority.Issue("127.0.0.2");
        await using var server = new RawHttpServer((_, connection) => connection.SendAsync(Answer), certificate);
        var e = await FailsAsync(server.Url(), await BundleAsync(authority.Pem));
        Assert.Equal(ObjectStoreError.Certificate, e.Error);
        Assert.Contains("another name", e.Message);
    }

    [Theory]
    [InlineData("no certificate here")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData(null)]
    public async Task A_bundle_that_cannot_be_used_is_named(string? content)
    {
        var path = content is null ? _folder["missing.pem"] : await BundleAsync(content);
        var e = Assert.Throws<ObjectStoreException>(() => HttpTransport.Create(new HttpTransportOptions { CaBundle = path }));
        Assert.Equal(ObjectStoreError.Certificate, e.Error);
        Assert.Contains(path, e.Message);
        Assert.Contains("--ca-bundle", e.Message);
    }

    [Fact]
    public void A_connection_that_takes_too_long_is_transient()
    {
        var e = TransportFailure.From(new TaskCanceledException("", new TimeoutException()), "http://host/disk.img");
        Assert.Equal(ObjectStoreError.Unavailable, e.Error);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public void The_password_of_a_proxy_is_not_in_the_message()
    {
        var e = TransportFailure.From(
            new HttpRequestException(HttpRequestError.ProxyTunnelError, "tunnel to 'http://anna:secret@proxy' failed"),
            "https://host/disk.img");
        Assert.DoesNotContain("secret", e.Message);
        Assert.Contains("https_proxy", e.Message);
    }

    [Fact]
    public async Task The_callers_own_cancellation_is_no_failure_of_the_transport()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        Assert.False(TransportFailure.Is(new TaskCanceledException(), source.Token));
        Assert.True(TransportFailure.Is(new TaskCanceledException(), CancellationToken.None));
    }

    private async Task<string> BundleAsync(string content)
    {
        var path = _folder["bundle.pem"];
        await File.WriteAllTextAsync(path, content, Cancelled);
        return path;
    }

    private static async Task<ObjectStoreException> FailsAsync(Uri url, string? bundle = null)
    {
        using var http = HttpTransport.Create(new HttpTransportOptions { CaBundle = bundle });
        var store = new HttpObjectStore(url, http, NullLogger.Instance);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => store.HeadAsync(store.Key, null, Cancelled).AsTask());
        Assert.StartsWith($"{store.Name}/disk.img", e.Message);
        return e;
    }

    private static int UnusedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>A certificate authority that lives as long as the test.</summary>
    private sealed class Authority : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 _certificate;

        public Authority(string name)
        {
            var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(
                new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
            var now = DateTimeOffset.UtcNow;
            _certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        }

        public string Pem => _certificate.ExportCertificatePem();

        public X509Certificate2 Issue(string address)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={address}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Parse(address));
            request.CertificateExtensions.Add(names.Build());
            var now = DateTimeOffset.UtcNow;
            using var bare = request.Create(_certificate, now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
            return bare.CopyWithPrivateKey(key);
        }

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }
    }
}
