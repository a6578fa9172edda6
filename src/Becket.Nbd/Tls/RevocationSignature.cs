using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// A way to sign a list of revoked certificates: RSA (PKCS #1) or ECDSA over SHA-2. Others are refused and never skipped.
/// </summary>
internal readonly struct RevocationSignature
{
    private readonly HashAlgorithmName _hash;
    private readonly bool _isRsa;

    private RevocationSignature(HashAlgorithmName hash, bool isRsa) => (_hash, _isRsa) = (hash, isRsa);

    /// <exception cref="TlsSetupException">It is another one. The message is half a sentence.</exception>
    /// <exception cref="AsnContentException">It is damaged.</exception>
    public static RevocationSignature Of(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        var algorithm = new AsnReader(algorithmIdentifier, AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier();
        return algorithm switch
        {
            "1.2.840.113549.1.1.11" => new RevocationSignature(HashAlgorithmName.SHA256, isRsa: true),
            "1.2.840.113549.1.1.12" => new RevocationSignature(HashAlgorithmName.SHA384, isRsa: true),
            "1.2.840.113549.1.1.13" => new RevocationSignature(HashAlgorithmName.SHA512, isRsa: true),
            "1.2.840.10045.4.3.2" => new RevocationSignature(HashAlgorithmName.SHA256, isRsa: false),
            "1.2.840.10045.4.3.3" => new RevocationSignature(HashAlgorithmName.SHA384, isRsa: false),
            "1.2.840.10045.4.3.4" => new RevocationSignature(HashAlgorithmName.SHA512, isRsa: false),
            _ => throw new TlsSetupException(
                $"is signed by {new Oid(algorithm).FriendlyName ?? algorithm}; "
                + "supported are RSA and ECDSA, each with SHA-256, SHA-384 or SHA-512"),
        };
    }

    /// <summary>Whether the authority's key has made the signature; false, too, where it is a key of another kind.</summary>
    public bool IsBy(X509Certificate2 authority, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        try
        {
            if (_isRsa)
            {
                using var rsa = authority.GetRSAPublicKey();
                return rsa is not null && rsa.VerifyData(signed, signature, _hash, RSASignaturePadding.Pkcs1);
            }

            using var ecdsa = authority.GetECDsaPublicKey();
            return ecdsa is not null && ecdsa.VerifyData(signed, signature, _hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
