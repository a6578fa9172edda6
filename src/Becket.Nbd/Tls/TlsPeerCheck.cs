using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Nbd.Tls;

/// <summary>
/// Looks at the certificate of one client, once, within its handshake, and remembers what there was to say of it.
/// </summary>
/// <param name="peers">Who may connect; null: nobody is asked for a certificate.</param>
internal sealed class TlsPeerCheck(TlsPeers? peers)
{
    /// <summary>Why the client was turned away, half a sentence; null where it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What is added to the log's line about the connection.</summary>
    public string Description { get; private set; } = "";

    /// <summary>With the lists that the connection's identity has; null: nobody is revoked.</summary>
    public bool Accepts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, RevocationFile? revoked, DateTimeOffset now)
    {
        if (peers is null)
            return true;

        Refusal = Check(certificate as X509Certificate2, chain, errors, revoked, now);
        return Refusal is null;
    }

    private string? Check(
        X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, RevocationFile? revoked, DateTimeOffset now)
    {
        if (certificate is null)
            return "the client shows no certificate, and this server asks for one";

        var subject = certificate.Subject;
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            // The words differ, and some are several lines; the names of the flags do not.
            var reasons = chain?.ChainStatus.Select(status => status.Status).Distinct() ?? [];
            return $"the client's certificate \"{subject}\" is not accepted: {string.Join(", ", reasons)}";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "the client shows no certificate, and this server asks for one";
        if (revoked?.Objection([.. chain!.ChainElements.Select(element => element.Certificate)], now) is { } objection)
            return objection;
        if (!peers!.Admits(certificate))
            return $"the client's certificate \"{subject}\" has none of the names that may connect";

        Description = $", client \"{subject}\"";
        return null;
    }
}
