using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>Lists of revoked certificates, made by .NET's builder and, where that makes none such, written out.</summary>
internal static class TestRevocations
{
    public static string Pem(
        X509Certificate2 authority,
        IEnumerable<X509Certificate2> revoked,
        DateTimeOffset? start = null,
        DateTimeOffset? end = null,
        HashAlgorithmName? hash = null,
        RSASignaturePadding? padding = null) =>
        PemEncoding.WriteString("X509 CRL", Encoded(authority, revoked, start, end, hash, padding)) + "\n";

    public static byte[] Encoded(
        X509Certificate2 authority,
        IEnumerable<X509Certificate2> revoked,
        DateTimeOffset? start = null,
        DateTimeOffset? end = null,
        HashAlgorithmName? hash = null,
        RSASignaturePadding? padding = null)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
            builder.AddEntry(certificate, reason: X509RevocationReason.KeyCompromise);
        var begins = start ?? TestCertificates.Now.AddMinutes(-1);
        return builder.Build(
            authority, 1, end ?? begins.AddDays(3), hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1, begins);
    }

    /// <summary>An empty list with one extension, by an authority whose key is ECDSA.</summary>
    public static byte[] WithExtension(X509Certificate2 authority, string kind, bool isCritical)
    {
        var content = new AsnWriter(AsnEncodingRules.DER);
        using (content.PushSequence())
        {
            content.WriteInteger(1);
            WriteAlgorithm(content);
            content.WriteEncodedValue(authority.SubjectName.RawData);
            content.WriteUtcTime(TestCertificates.Now.AddHours(-1));
            content.WriteUtcTime(TestCertificates.Now.AddHours(1));
            using (content.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (content.PushSequence())
            using (content.PushSequence())
            {
                content.WriteObjectIdentifier(kind);
                if (isCritical)
                    content.WriteBoolean(true);
                content.WriteOctetString([0x30, 0]);
            }
        }

        using var key = authority.GetECDsaPrivateKey()!;
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(content.Encode());
            WriteAlgorithm(list);
            list.WriteBitString(key.SignData(content.Encode(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }

        return list.Encode();
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(EcdsaWithSha256);
    }
}
