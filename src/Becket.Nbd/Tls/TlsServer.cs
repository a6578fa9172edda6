using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd.Tls;

/// <summary>Whether a client may also stay without TLS.</summary>
public enum TlsDemand
{
    /// <summary>TLS for those who ask for it.</summary>
    Offered,

    /// <summary>Nothing but STARTTLS and a goodbye before TLS.</summary>
    Required,
}

/// <summary>
/// The server's side of TLS: its certificate, whom it lets in, and whether it insists. Files that change are read again for the next
/// client; if they make no sense, the last good ones stay. Safe for many threads.
/// </summary>
public sealed partial class TlsServer
{
    private const UnixFileMode ForOthers = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly TlsFiles _files;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private Stamps _stamps;
    private TlsIdentity _identity;

    private TlsServer(TlsFiles files, TlsPeers? peers, TlsDemand demand, TimeProvider clock, ILogger logger)
    {
        _files = files;
        _clock = clock;
        _logger = logger;
        Peers = peers;
        Demand = demand;
        // Taken before reading: a change in between is seen as one.
        _stamps = Stamps.Of(files);
        _identity = TlsIdentity.Load(files, peers);
        WarnAbout(_identity);
    }

    public TlsDemand Demand { get; }

    /// <summary>Null where clients are not asked for a certificate.</summary>
    public TlsPeers? Peers { get; }

    /// <summary>Reads the files and warns of what is wrong but not fatal: a certificate out of date, a key that others may read.</summary>
    /// <exception cref="TlsSetupException">The files do not do, or this machine has no OpenSSL.</exception>
    public static TlsServer Load(TlsFiles files, TlsPeers? peers, TlsDemand demand, TimeProvider clock, ILogger logger)
    {
        RequireOpenSsl();
        return new TlsServer(files, peers, demand, clock, logger);
    }

    /// <summary>For one handshake, with the certificate as it is now.</summary>
    internal SslServerAuthenticationOptions OptionsFor(TlsPeerCheck check)
    {
        var identity = Current();
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = identity.Certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            // A resumed session would be let in by what was checked when it began. Connections are few and long.
            AllowTlsResume = false,
            ClientCertificateRequired = Peers is not null,
            RemoteCertificateValidationCallback =
                (_, certificate, chain, errors) => check.Accepts(certificate, chain, errors, identity.Revoked, _clock.GetUtcNow()),
            CertificateChainPolicy = identity.Authority is null ? null : PolicyFor(identity.Authority),
        };
    }

    private static X509ChainPolicy PolicyFor(X509Certificate2Collection authority)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // .NET asks the network for lists. The one that is here is looked into by TlsPeerCheck.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authority);
        return policy;
    }

    private TlsIdentity Current()
    {
        lock (_gate)
        {
            var stamps = Stamps.Of(_files);
            if (stamps == _stamps)
                return _identity;

            // Broken files are looked at again when they change again, not for every client.
            _stamps = stamps;
            try
            {
                var identity = TlsIdentity.Load(_files, Peers);
                if (_identity.Revoked is not null && identity.Revoked is null)
                    throw new TlsSetupException($"{_files.RevocationList} is gone, but whom it named stays out; a restart does without it");

                _identity = identity;
                LogReloaded(_identity.Certificate.TargetCertificate.Subject);
                WarnAbout(_identity);
            }
            catch (TlsSetupException e)
            {
                LogNotReloaded(e.Message);
            }

            return _identity;
        }
    }

    private void WarnAbout(TlsIdentity identity)
    {
        var certificate = identity.Certificate.TargetCertificate;
        var now = _clock.GetUtcNow().UtcDateTime;
        var (start, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now > end)
            LogExpired(_files.Certificate, end);
        else if (now < start)
            LogNotYetValid(_files.Certificate, start);

        foreach (var complaint in identity.Revoked?.Complaints(_clock.GetUtcNow()) ?? [])
            LogRevocations(complaint);

        if ((File.GetUnixFileMode(_files.Key) & ForOthers) != UnixFileMode.None)
            LogOpenKey(_files.Key);
    }

    /// <summary>.NET loads OpenSSL when it is first needed, and ends the process where there is none.</summary>
    private static void RequireOpenSsl()
    {
        foreach (var name in (string[])["libssl.so.3", "libssl.so.1.1"])
        {
            if (NativeLibrary.TryLoad(name, out _))
                return;
        }

        throw new TlsSetupException(
            "TLS needs OpenSSL (libssl.so.3), which this machine does not have; install the package libssl3 or openssl");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "TLS: the certificate was read again: \"{Subject}\"")]
    private partial void LogReloaded(string subject);

    [LoggerMessage(Level = LogLevel.Warning, Message = "TLS goes on with the certificate that it has: {Reason}")]
    private partial void LogNotReloaded(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the certificate in {Path} has expired at {End:u}; clients that verify it will refuse to connect")]
    private partial void LogExpired(string path, DateTime end);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the certificate in {Path} is only valid from {Start:u} on; clients that verify it will refuse to connect")]
    private partial void LogNotYetValid(string path, DateTime start);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Complaint}")]
    private partial void LogRevocations(string complaint);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the private key {Path} is open to every user of this machine; 'chmod 600' closes it")]
    private partial void LogOpenKey(string path);

    private readonly record struct Stamps(FileStamp Certificate, FileStamp Key, FileStamp Authority, FileStamp RevocationList)
    {
        public static Stamps Of(TlsFiles files) => new(
            FileStamp.Of(files.Certificate), FileStamp.Of(files.Key), FileStamp.Of(files.Authority), FileStamp.Of(files.RevocationList));
    }
}
