using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// What was read from a server's files at one time: its certificate with the chain that is sent, the authority of its
/// clients and whom that has taken back. Never changes; connections go on with the one that they began with.
/// </summary>
internal sealed class TlsIdentity
{
    private TlsIdentity(SslStreamCertificateContext certificate, X509Certificate2Collection? authority, RevocationFile? revoked)
    {
        Certificate = certificate;
        Authority = authority;
        Revoked = revoked;
    }

    public SslStreamCertificateContext Certificate { get; }

    /// <summary>Null where clients are not asked for a certificate.</summary>
    public X509Certificate2Collection? Authority { get; }

    /// <summary>Null where there is no list of revoked certificates, or clients are not asked for one.</summary>
    public RevocationFile? Revoked { get; }

    /// <exception cref="TlsSetupException">A file is missing or does not hold what it should.</exception>
    public static TlsIdentity Load(TlsFiles files, TlsPeers? peers)
    {
        var certificate = WithKey(files);
        // Not asking the network for missing links of the chain: what is sent is what the file holds.
        var chain = SslStreamCertificateContext.Create(
            certificate, CertificatesIn(files.Certificate, "the server's certificate"), offline: true);
        if (peers is null)
            return new TlsIdentity(chain, authority: null, revoked: null);

        var authority = AuthorityIn(files);
        return new TlsIdentity(chain, authority, RevokedIn(files, authority));
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
                $"{files.Key} is not the key of {files.Certificate}, or it is damaged or neither RSA nor ECDSA; "
                + "a certificate and its key are made together",
                e);
        }
    }

    private static X509Certificate2Collection AuthorityIn(TlsFiles files) => files.Authority is null
        ? throw new TlsSetupException(
            "clients can only be verified by an authority; name its file with --tls-ca, or a folder with --tls-certificates")
        : CertificatesIn(files.Authority, "the authority's certificate");

    private static RevocationFile? RevokedIn(TlsFiles files, X509Certificate2Collection authority)
    {
        // One that is there and cannot be read is an error: ignoring it would let revoked clients in.
        const string What = "the list of revoked certificates";
        return files.RevocationList is { } path && Path.Exists(path) ? RevocationFile.Parse(path, Read(path, What), authority) : null;
    }

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

        return found.Count > 0
            ? found
            : throw new TlsSetupException($"{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
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
