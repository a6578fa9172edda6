using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// What was read from a server's files at one time: its certificate with the chain that is sent, and the authority of its
/// clients. Never changes; connections go on with the one that they began with.
/// </summary>
internal sealed class TlsIdentity
{
    private TlsIdentity(SslStreamCertificateContext certificate, X509Certificate2Collection? authority)
    {
        Certificate = certificate;
        Authority = authority;
    }

    public SslStreamCertificateContext Certificate { get; }

    /// <summary>Null where clients are not asked for a certificate.</summary>
    public X509Certificate2Collection? Authority { get; }

    /// <exception cref="TlsSetupException">A file is missing or does not hold what it should.</exception>
    public static TlsIdentity Load(TlsFiles files, TlsPeers? peers)
    {
        if (peers is not null && files.RevocationList is not null && File.Exists(files.RevocationList))
        {
            throw new TlsSetupException(
                $"{files.RevocationList}: lists of revoked certificates are not supported, and ignoring one would let revoked clients in; "
                + "name those who may connect with --tls-allow-name, or sign them by another authority, and remove the file");
        }

        var certificate = WithKey(files);
        // Not asking the network for missing links of the chain: what is sent is what the file holds.
        var chain = SslStreamCertificateContext.Create(certificate, CertificatesIn(files.Certificate, "the server's certificate"), offline: true);
        return new TlsIdentity(chain, peers is null ? null : AuthorityIn(files));
    }

    private static X509Certificate2 WithKey(TlsFiles files)
    {
        var certificates = Read(files.Certificate, "the server's certificate");
        var key = Read(files.Key, "the server's key");
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new TlsSetupException($"{files.Key} is protected by a password; remove it with 'openssl pkey -in {files.Key}'");
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new TlsSetupException($"{files.Key} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)");

        try
        {
            return X509Certificate2.CreateFromPem(certificates, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            // That the two do not match is an ArgumentException around nothing, or a CryptographicException: only a key alone tells.
            _ = CertificatesIn(files.Certificate, "the server's certificate");
            throw new TlsSetupException(
                $"{files.Key} is not the key of {files.Certificate}, or it is damaged or neither RSA nor ECDSA; a certificate and its key are made together",
                e);
        }
    }

    private static X509Certificate2Collection AuthorityIn(TlsFiles files) => files.Authority is null
        ? throw new TlsSetupException("clients can only be verified by an authority; name its file with --tls-ca, or a folder with --tls-certificates")
        : CertificatesIn(files.Authority, "the authority's certificate");

    private static X509Certificate2Collection CertificatesIn(string path, string what)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(Read(path, what));
        }
        catch (CryptographicException e)
        {
            throw new TlsSetupException($"{path} is not {what}: {e.Message.TrimEnd('.')}", e);
        }

        return found.Count > 0 ? found : throw new TlsSetupException($"{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
    }

    private static string Read(string path, string what)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TlsSetupException($"{path}, {what}, does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TlsSetupException($"{path}, {what}, cannot be read: {e.Message}", e);
        }
    }
}
