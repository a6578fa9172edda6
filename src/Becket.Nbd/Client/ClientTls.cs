using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Client;

/// <summary>The client's side of STARTTLS. The server's certificate is always verified, and its name too.</summary>
internal static class ClientTls
{
    /// <summary>A unix socket has no host; this is the name that libnbd expects there.</summary>
    private const string HostOfUnixSocket = "localhost";

    /// <summary>Goes over to TLS; the new stream owns the channel's, which is not to be used any more.</summary>
    public static async Task<Stream> StartAsync(ClientChannel channel, NbdUri uri, CancellationToken cancellationToken)
    {
        var options = OptionsFor(uri);
        await channel.AskAsync(OptionCode.StartTls, default, cancellationToken);
        var stream = new SslStream(channel.Stream);
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken);
            return stream;
        }
        catch (AuthenticationException e)
        {
            await stream.DisposeAsync();
            throw new NbdException($"TLS with {uri} failed: {(e.InnerException ?? e).Message}", 0, e);
        }
    }

    private static SslClientAuthenticationOptions OptionsFor(NbdUri uri)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = uri.Address switch
            {
                DnsEndPoint dns => dns.Host,
                IPEndPoint ip => ip.Address.ToString(),
                _ => HostOfUnixSocket,
            },
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        };
        if (uri.TlsCertificates is { } folder)
            TakeFrom(folder, options);
        return options;
    }

    private static void TakeFrom(string folder, SslClientAuthenticationOptions options)
    {
        var (certificate, key) = (Path.Combine(folder, "client-cert.pem"), Path.Combine(folder, "client-key.pem"));
        try
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(Path.Combine(folder, "ca-cert.pem"));
            options.CertificateChainPolicy = policy;
            if (File.Exists(certificate))
                options.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, key)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new NbdException($"the certificates in {folder} cannot be used: {e.Message}", 0, e);
        }
    }
}
