namespace Becket.Nbd.Tls;

/// <summary>Where a server's certificates are, all of them PEM.</summary>
public sealed record TlsFiles
{
    /// <summary>The server's certificate, first in its file; those that lead from it to the root behind it.</summary>
    public required string Certificate { get; init; }

    public required string Key { get; init; }

    /// <summary>The certificates that sign those of clients; null where no client is asked for one.</summary>
    public string? Authority { get; init; }

    /// <summary>Lists of certificates that the authority has taken back; the file need not exist.</summary>
    public string? RevocationList { get; init; }

    /// <summary>The names that nbdkit and libnbd give to the files in a folder.</summary>
    public static TlsFiles InFolder(string folder) => new()
    {
        Certificate = Path.Combine(folder, "server-cert.pem"),
        Key = Path.Combine(folder, "server-key.pem"),
        Authority = Path.Combine(folder, "ca-cert.pem"),
        RevocationList = Path.Combine(folder, "ca-crl.pem"),
    };
}
