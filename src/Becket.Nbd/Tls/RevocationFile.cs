using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// The lists of revoked certificates that a file holds: one for each authority, its newest. Clients of an authority without a list are not
/// looked for in one; those of an authority whose list is out of date are not let in. Immutable.
/// </summary>
internal sealed class RevocationFile
{
    private const string Label = "X509 CRL";
    private const string Begin = $"-----BEGIN {Label}-----";

    private readonly string _path;
    private readonly List<RevocationList> _lists;

    private RevocationFile(string path, List<RevocationList> lists) => (_path, _lists) = (path, lists);

    /// <exception cref="TlsSetupException">It holds something else, or a list that none of the authorities has signed.</exception>
    public static RevocationFile Parse(string path, string text, X509Certificate2Collection authorities)
    {
        var lists = new List<RevocationList>();
        foreach (var encoded in ListsIn(path, text))
        {
            var list = Read(path, encoded, authorities);
            if (lists.FindIndex(known => known.IsBy(list.Authority)) is >= 0 and var same)
                lists[same] = list.Start > lists[same].Start ? list : lists[same];
            else
                lists.Add(list);
        }

        return new RevocationFile(path, lists);
    }

    /// <summary>Why nobody that an authority has signed can be let in at that time, sentences; none where all lists are in date.</summary>
    public IEnumerable<string> Complaints(DateTimeOffset now) => _lists.Select(list => Complaint(list, now)).OfType<string>();

    /// <summary>
    /// Why a client is not to be let in, half a sentence; null where no list has anything against it. The chain is the client's
    /// certificate, then each one's issuer.
    /// </summary>
    public string? Objection(IReadOnlyList<X509Certificate2> chain, DateTimeOffset now)
    {
        for (var i = 0; i + 1 < chain.Count; i++)
        {
            if (_lists.Find(list => list.IsBy(chain[i + 1])) is not { } list)
                continue;
            if (Complaint(list, now) is { } complaint)
                return $"the client's certificate \"{chain[0].Subject}\" cannot be accepted: {complaint}";
            if (list.Names(chain[i]))
            {
                var revoked = $"\"{chain[i].Subject}\", serial number {chain[i].SerialNumber}, is revoked";
                return i == 0
                    ? $"the client's certificate {revoked}"
                    : $"the certificate {revoked}, which stands above the client's \"{chain[0].Subject}\"";
            }
        }

        return null;
    }

    private string? Complaint(RevocationList list, DateTimeOffset now)
    {
        var what = $"{_path}: the list of \"{list.Authority.Subject}\"";
        return now > list.End ? $"{what} has expired at {list.End:u}; it lets nobody in until there is a newer one"
            : now < list.Start ? $"{what} is only valid from {list.Start:u} on; it lets nobody in until then"
            : null;
    }

    private static RevocationList Read(string path, byte[] encoded, X509Certificate2Collection authorities)
    {
        try
        {
            return RevocationList.Read(encoded, authorities);
        }
        catch (TlsSetupException e)
        {
            throw new TlsSetupException($"{path}: the list of revoked certificates {e.Message}", e);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            throw new TlsSetupException($"{path}: the list of revoked certificates is damaged: {e.Message.TrimEnd('.')}", e);
        }
    }

    private static List<byte[]> ListsIn(string path, string text)
    {
        var found = new List<byte[]>();
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var fields); rest = rest[fields.Location.End..])
        {
            if (rest[fields.Label] is Label)
                found.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
        }

        // A list that is cut off is not found, and must not be taken for one that is not there.
        var none = found.Count == 0 ? "no" : found.Count != text.AsSpan().Count(Begin) ? "no complete" : null;
        return none is null
            ? found
            : throw new TlsSetupException($"{path} holds {none} list of revoked certificates in PEM form ({Begin})");
    }
}
