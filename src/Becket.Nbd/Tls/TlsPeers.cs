using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// Who may connect. Without a name in it, whoever has a certificate of the authority; names are compared with the
/// certificate's DNS names and its common name, regardless of case and without wildcards.
/// </summary>
public sealed record TlsPeers(IReadOnlyList<string> Names)
{
    private const string SubjectAlternativeName = "2.5.29.17";

    public static TlsPeers AnyOfTheAuthority { get; } = new([]);

    internal bool Admits(X509Certificate2 certificate) =>
        Names.Count == 0 || NamesOf(certificate).Any(name => Names.Contains(name, StringComparer.OrdinalIgnoreCase));

    internal static IEnumerable<string> NamesOf(X509Certificate2 certificate)
    {
        if (CommonNameOf(certificate) is { } commonName)
            yield return commonName;

        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != SubjectAlternativeName)
                continue;
            foreach (var name in new X509SubjectAlternativeNameExtension(extension.RawData).EnumerateDnsNames())
                yield return name;
        }
    }

    /// <summary>The subject's last one; a name in several parts at once is nobody's.</summary>
    private static string? CommonNameOf(X509Certificate2 certificate)
    {
        const string CommonName = "2.5.4.3";
        return certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
            .Select(part => part.GetSingleElementValue())
            .LastOrDefault();
    }
}
