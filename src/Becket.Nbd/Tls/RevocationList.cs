using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// The certificates that one authority has taken back, as it says in a signed list (RFC 5280, 5). Only what the authority's own key has
/// signed becomes one. Immutable.
/// </summary>
/// <remarks>
/// <code>
/// CertificateList ::= SEQUENCE {
///   tbsCertList          SEQUENCE {
///     version              INTEGER OPTIONAL,
///     signature            AlgorithmIdentifier,
///     issuer               Name,
///     thisUpdate           Time,
///     nextUpdate           Time OPTIONAL,
///     revokedCertificates  SEQUENCE OF SEQUENCE { INTEGER, Time, Extensions OPTIONAL } OPTIONAL,
///     crlExtensions        [0] EXPLICIT Extensions OPTIONAL },
///   signatureAlgorithm   AlgorithmIdentifier,
///   signatureValue       BIT STRING }
/// </code>
/// </remarks>
internal sealed class RevocationList
{
    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 0);

    private readonly HashSet<string> _serials = [];

    private RevocationList(X509Certificate2 authority, DateTimeOffset start, DateTimeOffset? end) =>
        (Authority, Start, End) = (authority, start, end);

    /// <summary>Whose list it is.</summary>
    public X509Certificate2 Authority { get; }

    public DateTimeOffset Start { get; }

    /// <summary>When the authority will have made a newer one; null: it does not say.</summary>
    public DateTimeOffset? End { get; }

    /// <summary>Reads a list and checks that one of the authorities has signed it.</summary>
    /// <exception cref="TlsSetupException">
    /// Nobody here has signed it, or it says what is not understood. The message is half a sentence.
    /// </exception>
    /// <exception cref="AsnContentException">It is damaged.</exception>
    public static RevocationList Read(ReadOnlyMemory<byte> encoded, X509Certificate2Collection authorities)
    {
        var file = new AsnReader(encoded, AsnEncodingRules.DER);
        var outer = file.ReadSequence();
        file.ThrowIfNotEmpty();
        var signed = outer.PeekEncodedValue();
        var content = outer.ReadSequence();
        var algorithm = outer.ReadEncodedValue();
        var signature = outer.ReadBitString(out _);
        outer.ThrowIfNotEmpty();

        if (content.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
            content.ReadInteger();
        if (!content.ReadEncodedValue().Span.SequenceEqual(algorithm.Span))
            throw new TlsSetupException("names two kinds of signature");

        var issuer = content.ReadEncodedValue();
        var authority = SignerAmong(authorities, issuer, RevocationSignature.Of(algorithm), signed, signature);
        var (start, end) = (ReadTime(content), IsTime(content) ? ReadTime(content) : (DateTimeOffset?)null);
        var list = new RevocationList(authority, start, end);
        list.ReadRest(content);
        return list;
    }

    public bool IsBy(X509Certificate2 authority) =>
        authority.SubjectName.RawData.AsSpan().SequenceEqual(Authority.SubjectName.RawData)
        && authority.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(Authority.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>Only for certificates that this list's authority has signed: serial numbers are each authority's own.</summary>
    public bool Names(X509Certificate2 certificate) => _serials.Contains(Convert.ToHexString(certificate.SerialNumberBytes.Span));

    private static X509Certificate2 SignerAmong(
        X509Certificate2Collection authorities,
        ReadOnlyMemory<byte> issuer,
        RevocationSignature check,
        ReadOnlyMemory<byte> signed,
        byte[] signature)
    {
        var namesakes = authorities.Where(authority => authority.SubjectName.RawData.AsSpan().SequenceEqual(issuer.Span)).ToArray();
        var signer = Array.Find(namesakes, authority => check.IsBy(authority, signed.Span, signature));
        if (signer is null)
        {
            throw new TlsSetupException(
                $"is of \"{new X500DistinguishedName(issuer.Span).Name}\", "
                + (namesakes.Length == 0
                    ? "who is not among the authorities of the clients"
                    : "but has another signature than that authority's"));
        }

        return signer.Extensions.OfType<X509KeyUsageExtension>().Any(usage => !usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign))
            ? throw new TlsSetupException(
                $"is of \"{signer.Subject}\", whose certificate does not allow it to sign lists (keyUsage cRLSign)")
            : signer;
    }

    private void ReadRest(AsnReader content)
    {
        if (content.HasData && content.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            for (var entries = content.ReadSequence(); entries.HasData;)
            {
                var entry = entries.ReadSequence();
                _serials.Add(Convert.ToHexString(entry.ReadIntegerBytes().Span));
                ReadTime(entry);
                if (entry.HasData)
                    RequireUncritical(entry.ReadSequence());
                entry.ThrowIfNotEmpty();
            }
        }

        if (content.HasData)
        {
            var wrapped = content.ReadSequence(Extensions);
            RequireUncritical(wrapped.ReadSequence());
            wrapped.ThrowIfNotEmpty();
        }

        content.ThrowIfNotEmpty();
    }

    /// <summary>
    /// A critical extension changes what a list means: it may be of some certificates only, or of those of other authorities.
    /// </summary>
    private static void RequireUncritical(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var kind = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
            {
                throw new TlsSetupException(
                    $"has a critical extension ({kind}): it is no plain list of one authority, and others are not supported");
            }

            extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
        }
    }

    private static bool IsTime(AsnReader content) =>
        content.HasData
        && (content.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || content.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime));

    private static DateTimeOffset ReadTime(AsnReader content) =>
        content.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? content.ReadUtcTime() : content.ReadGeneralizedTime();
}
