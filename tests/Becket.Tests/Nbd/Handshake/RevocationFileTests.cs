using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Becket.Nbd.Tls;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>Which lists of revoked certificates are believed, and what they say.</summary>
public sealed class RevocationFileTests : IDisposable
{
    private static readonly DateTimeOffset Now = TestCertificates.Now;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("RSA", "SHA256")]
    [InlineData("RSA", "SHA384")]
    [InlineData("RSA", "SHA512")]
    [InlineData("ECDSA", "SHA256")]
    [InlineData("ECDSA", "SHA384")]
    [InlineData("ECDSA", "SHA512")]
    public void A_list_names_whom_it_names_and_nobody_else(string key, string hash)
    {
        using var root = key == "RSA" ? MakeRsaAuthority() : TestCertificates.MakeAuthority("Root", issuer: null);
        using var revoked = _certificates.MakeServer("revoked", issuer: root);
        using var other = _certificates.MakeServer("other", issuer: root);
        var file = Parse(TestRevocations.Pem(root, [revoked], hash: new HashAlgorithmName(hash)), root);

        var objection = file.Objection([revoked, root], Now);

        Assert.Equal($"the client's certificate \"CN=revoked\", serial number {revoked.SerialNumber}, is revoked", objection);
        Assert.Null(file.Objection([other, root], Now));
    }

    [Fact]
    public void A_serial_number_means_nothing_under_another_authority()
    {
        using var other = TestCertificates.MakeAuthority("Other", issuer: null);
        using var namesake = _certificates.MakeServer("reader", issuer: other);
        using var revoked = _certificates.MakeClient("reader");
        var file = Parse(TestRevocations.Pem(_certificates.Root, [namesake, revoked]), _certificates.Root, other);

        Assert.Null(file.Objection([namesake, other], Now));
        Assert.NotNull(file.Objection([revoked, _certificates.Root], Now));
    }

    [Fact]
    public void Every_list_in_a_file_counts_and_of_one_authority_the_newest()
    {
        using var other = TestCertificates.MakeAuthority("Other", issuer: null);
        using var one = _certificates.MakeClient("one");
        using var two = _certificates.MakeServer("two", issuer: other);
        var file = Parse(
            TestRevocations.Pem(_certificates.Root, [one])
            + "words between lists\n"
            + TestRevocations.Pem(other, [two])
            + TestRevocations.Pem(other, [], start: Now.AddDays(-1)),
            _certificates.Root,
            other);

        Assert.NotNull(file.Objection([one, _certificates.Root], Now));
        Assert.NotNull(file.Objection([two, other], Now));
    }

    [Fact]
    public void A_certificate_between_the_client_and_the_root_is_looked_for_too()
    {
        using var between = TestCertificates.MakeAuthority("Between", _certificates.Root);
        using var client = _certificates.MakeServer("reader", issuer: between);
        var file = Parse(TestRevocations.Pem(_certificates.Root, [between]), _certificates.Root);

        Assert.Contains("\"CN=Between\"", file.Objection([client, between, _certificates.Root], Now), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_lets_nobody_in_before_its_time_and_after_it()
    {
        using var client = _certificates.MakeClient("reader");
        var file = Parse(TestRevocations.Pem(_certificates.Root, [], start: Now.AddHours(-1), end: Now.AddHours(1)), _certificates.Root);
        X509Certificate2[] chain = [client, _certificates.Root];

        Assert.Null(file.Objection(chain, Now));
        Assert.Empty(file.Complaints(Now));
        Assert.Contains("has expired at", file.Objection(chain, Now.AddHours(2)), StringComparison.Ordinal);
        Assert.Contains("has expired at", Assert.Single(file.Complaints(Now.AddHours(2))), StringComparison.Ordinal);
        Assert.Contains("is only valid from", file.Objection(chain, Now.AddHours(-2)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_a_foreign_authority_is_refused()
    {
        using var foreign = TestCertificates.MakeAuthority("Foreign", issuer: null);

        AssertRefused(TestRevocations.Pem(foreign, []), "\"CN=Foreign\", who is not among the authorities");
    }

    [Fact]
    public void A_list_of_a_namesake_of_the_authority_is_refused()
    {
        using var namesake = TestCertificates.MakeAuthority("Test Root", issuer: null);

        AssertRefused(TestRevocations.Pem(namesake, []), "another signature");
    }

    [Fact]
    public void A_list_that_was_changed_is_refused()
    {
        using var client = _certificates.MakeClient("reader");
        var list = TestRevocations.Encoded(_certificates.Root, [client]);
        var serial = list.AsSpan().IndexOf(client.SerialNumberBytes.Span);
        list[serial + 2] ^= 1;

        AssertRefused(PemEncoding.WriteString("X509 CRL", list), "another signature");
    }

    [Fact]
    public void Another_kind_of_signature_is_refused_by_name()
    {
        using var root = MakeRsaAuthority();

        AssertRefused(TestRevocations.Pem(root, [], padding: RSASignaturePadding.Pss), "signed by RSASSA-PSS", root);
    }

    [Fact]
    public void A_list_of_an_authority_that_may_not_sign_lists_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        using var root = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));

        AssertRefused(
            PemEncoding.WriteString("X509 CRL", TestRevocations.WithExtension(root, "2.5.29.20", isCritical: false)), "cRLSign", root);
    }

    [Fact]
    public void A_list_of_some_certificates_only_is_refused()
    {
        const string IssuingDistributionPoint = "2.5.29.28";

        var critical = TestRevocations.WithExtension(_certificates.Root, IssuingDistributionPoint, isCritical: true);
        var uncritical = TestRevocations.WithExtension(_certificates.Root, IssuingDistributionPoint, isCritical: false);
        AssertRefused(PemEncoding.WriteString("X509 CRL", critical), IssuingDistributionPoint);
        Parse(PemEncoding.WriteString("X509 CRL", uncritical), _certificates.Root);
    }

    [Fact]
    public void A_file_without_a_whole_list_is_refused()
    {
        var list = TestRevocations.Pem(_certificates.Root, []);

        AssertRefused("", "holds no list");
        AssertRefused(_certificates.Root.ExportCertificatePem(), "holds no list");
        AssertRefused(list + list[..(list.Length / 2)], "holds no complete list");
        AssertRefused(PemEncoding.WriteString("X509 CRL", [0x30, 0x80]), "is damaged");
    }

    /// <summary>However it is damaged, what comes of it is a refusal in words.</summary>
    [Fact]
    public void A_damaged_list_is_refused_or_means_the_same()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        using var client = _certificates.MakeClient("reader");
        var list = TestRevocations.Encoded(_certificates.Root, [client]);
        for (var i = 0; i < 500; i++)
        {
            var damaged = list.ToArray();
            damaged[random.Next(list.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                var file = Parse(PemEncoding.WriteString("X509 CRL", damaged), _certificates.Root);
                Assert.NotNull(file.Objection([client, _certificates.Root], Now));
            }
            catch (TlsSetupException)
            {
                // As said.
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {Seed}, round {i}: {Convert.ToHexString(damaged)}", e);
            }
        }
    }

    private static RevocationFile Parse(string text, params X509Certificate2[] authorities) =>
        RevocationFile.Parse("ca-crl.pem", text, [.. authorities]);

    private void AssertRefused(string text, string sentence, X509Certificate2? authority = null)
    {
        var message = Assert.Throws<TlsSetupException>(() => Parse(text, authority ?? _certificates.Root)).Message;
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.StartsWith("ca-crl.pem", message, StringComparison.Ordinal);
    }

    private static X509Certificate2 MakeRsaAuthority()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Root", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
    }
}
