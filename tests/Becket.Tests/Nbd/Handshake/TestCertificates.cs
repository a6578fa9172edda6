using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>
/// An authority made for one test, what it signs, and a folder with the files under the names that servers and clients look for.
/// </summary>
internal sealed class TestCertificates : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("becket-tls-");
    private readonly X509Certificate2 _root;

    public TestCertificates()
    {
        _root = MakeAuthority("Test Root", issuer: null);
        Write("ca-cert.pem", _root.ExportCertificatePem());
        WriteServer(MakeServer());
    }

    public string Folder => _folder.FullName;

    /// <summary>What clients trust.</summary>
    public X509Certificate2 Root => _root;

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    public X509Certificate2 MakeServer(string name = "localhost", TimeSpan? validFor = null, X509Certificate2? issuer = null) =>
        Make(name, ServerUse, issuer ?? _root, validFor ?? TimeSpan.FromDays(1));

    public X509Certificate2 MakeClient(string name, params IEnumerable<string> dnsNames) =>
        Make(name, ClientUse, _root, TimeSpan.FromDays(1), dnsNames);

    public X509Certificate2 MakeExpiredClient(string name) => Make(name, ClientUse, _root, TimeSpan.FromHours(-1));

    /// <summary>One that signs others; its own issuer signs it, or it itself does.</summary>
    public static X509Certificate2 MakeAuthority(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return issuer is null
            ? request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2))
            : Sign(request, issuer, key, TimeSpan.FromDays(1));
    }

    public void WriteServer(X509Certificate2 certificate, params IEnumerable<X509Certificate2> chain)
    {
        Write("server-cert.pem", string.Join('\n', chain.Prepend(certificate).Select(link => link.ExportCertificatePem())));
        WriteKey("server-key.pem", certificate);
    }

    public void WriteClient(X509Certificate2 certificate)
    {
        Write("client-cert.pem", certificate.ExportCertificatePem());
        WriteKey("client-key.pem", certificate);
    }

    public void WriteKey(string name, X509Certificate2 certificate) =>
        Write(name, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

    /// <summary>With a time of its own, so that a change is one wherever the clock stands.</summary>
    public void Write(string name, string text)
    {
        var written = File.Exists(this[name]) ? File.GetLastWriteTimeUtc(this[name]).AddSeconds(1) : Now.UtcDateTime;
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetLastWriteTimeUtc(this[name], written);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static X509Certificate2 Make(
        string name, string use, X509Certificate2 issuer, TimeSpan validFor, params IEnumerable<string> dnsNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
        var names = new SubjectAlternativeNameBuilder();
        if (use == ServerUse)
        {
            names.AddDnsName(name);
            names.AddIpAddress(IPAddress.Loopback);
        }

        foreach (var dnsName in dnsNames)
            names.AddDnsName(dnsName);
        if (use == ServerUse || dnsNames.Any())
            request.CertificateExtensions.Add(names.Build());
        return Sign(request, issuer, key, validFor);
    }

    private static X509Certificate2 Sign(CertificateRequest request, X509Certificate2 issuer, ECDsa key, TimeSpan validFor)
    {
        var serial = new byte[8];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7f;
        using var rsa = issuer.GetRSAPrivateKey();
        using var ecdsa = issuer.GetECDsaPrivateKey();
        var generator = rsa is null
            ? X509SignatureGenerator.CreateForECDsa(ecdsa!)
            : X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1);
        using var signed = request.Create(issuer.SubjectName, generator, Now.AddDays(-1), Now + validFor, serial);
        return signed.CopyWithPrivateKey(key);
    }
}
