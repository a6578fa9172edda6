using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>How the bytes of a connection travel.</summary>
public enum NbdProtection
{
    None,

    /// <summary>Within TLS; a server that has none is an error.</summary>
    Tls,
}

/// <summary>
/// Where an NBD export is: <c>nbd://host[:port]/export</c> or <c>nbd+unix:///export?socket=/path</c> (doc/uri.md of the NBD
/// project), with <c>nbds</c> for <c>nbd</c> where it must be TLS. <see cref="ToString"/> gives back what <see cref="Parse"/> reads,
/// percent-encoded where it must be.
/// </summary>
public sealed record NbdUri
{
    /// <summary>The port that IANA gave to NBD.</summary>
    public const int DefaultPort = 10809;

    private const string TcpScheme = "nbd://";
    private const string UnixScheme = "nbd+unix://";
    private const string TlsTcpScheme = "nbds://";
    private const string TlsUnixScheme = "nbds+unix://";
    private const string SocketParameter = "socket";
    private const string CertificatesParameter = "tls-certificates";

    private NbdUri(EndPoint address, string export)
    {
        Address = address;
        Export = export;
    }

    /// <summary>A <see cref="DnsEndPoint"/>, an <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>.</summary>
    public EndPoint Address { get; }

    /// <summary>The name of the export; empty: the default one.</summary>
    public string Export { get; }

    public NbdProtection Protection { get; init; }

    /// <summary>
    /// A folder with what a client of TLS needs: <c>ca-cert.pem</c>, and <c>client-cert.pem</c> and <c>client-key.pem</c> if the server
    /// asks. Null: the authorities that this machine trusts, and no certificate.
    /// </summary>
    public string? TlsCertificates { get; init; }

    public static NbdUri Tcp(string host, int port, string export) =>
        new(IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port), export);

    public static NbdUri Unix(string socketPath, string export) => new(new UnixDomainSocketEndPoint(socketPath), export);

    /// <exception cref="FormatException">The text is not such a URI; the message says why.</exception>
    public static NbdUri Parse(string text)
    {
        if (IsOf(UnixScheme, out var rest))
            return ParseUnix(text, rest);
        if (IsOf(TcpScheme, out rest))
            return ParseTcp(text, rest);
        if (IsOf(TlsUnixScheme, out rest))
            return WithTls(ParseUnix(text, rest), rest);
        if (IsOf(TlsTcpScheme, out rest))
            return WithTls(ParseTcp(text, rest), rest);

        throw new FormatException(
            $"\"{text}\" is not an NBD URI: it starts with neither {TcpScheme} nor {UnixScheme}, nor with nbds for TLS");

        bool IsOf(string scheme, out string rest)
        {
            var isOf = text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);
            rest = isOf ? text[scheme.Length..] : "";
            return isOf;
        }
    }

    public override string ToString()
    {
        var export = Uri.EscapeDataString(Export);
        var (tcp, unix) = Protection == NbdProtection.Tls ? (TlsTcpScheme, TlsUnixScheme) : (TcpScheme, UnixScheme);
        return Address switch
        {
            UnixDomainSocketEndPoint socket =>
                $"{unix}/{export}?{SocketParameter}={EscapePath(socket.ToString()!)}{Certificates('&')}",
            DnsEndPoint dns => $"{tcp}{dns.Host}{PortSuffix(dns.Port)}/{export}{Certificates('?')}",
            IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } v6 =>
                $"{tcp}[{v6.Address}]{PortSuffix(v6.Port)}/{export}{Certificates('?')}",
            IPEndPoint v4 => $"{tcp}{v4.Address}{PortSuffix(v4.Port)}/{export}{Certificates('?')}",
            _ => throw new InvalidOperationException($"no URI for an address of type {Address.GetType()}"),
        };
    }

    private string Certificates(char separator) =>
        TlsCertificates is null ? "" : $"{separator}{CertificatesParameter}={EscapePath(TlsCertificates)}";

    private static string EscapePath(string path) => Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal);

    private static NbdUri WithTls(NbdUri uri, string rest) =>
        uri with { Protection = NbdProtection.Tls, TlsCertificates = ParameterIn(Split(rest).Query, CertificatesParameter) };

    private static NbdUri ParseUnix(string text, string rest)
    {
        var (authority, export, query) = Split(rest);
        if (authority.Length > 0)
        {
            throw new FormatException(
                $"\"{text}\" names a host, which a unix socket does not have; write {UnixScheme}/export?socket=/path");
        }

        return ParameterIn(query, SocketParameter) is { } socket
            ? Unix(socket, export)
            : throw new FormatException($"\"{text}\" names no socket; write {UnixScheme}/export?socket=/path");
    }

    /// <summary>Null where it is not there or empty.</summary>
    private static string? ParameterIn(string query, string name)
    {
        foreach (var parameter in query.Split('&'))
        {
            if (parameter.StartsWith($"{name}=", StringComparison.Ordinal) && parameter.Length > name.Length + 1)
                return Uri.UnescapeDataString(parameter[(name.Length + 1)..]);
        }

        return null;
    }

    private static NbdUri ParseTcp(string text, string rest)
    {
        var (authority, export, _) = Split(rest);
        var hostEnd = authority.StartsWith('[')
            ? authority.IndexOf(']', StringComparison.Ordinal) + 1
            : authority.IndexOf(':', StringComparison.Ordinal);
        if (hostEnd < 0)
            hostEnd = authority.Length;

        var host = authority[..hostEnd].Trim('[', ']');
        if (host.Length == 0)
            throw new FormatException($"\"{text}\" names no host");

        var port = DefaultPort;
        var suffix = authority[hostEnd..];
        if (suffix.Length > 0 && (suffix[0] != ':' || !TryParsePort(suffix[1..], out port)))
            throw new FormatException($"\"{text}\" has no valid port; a port is a number from 1 to 65535");

        return Tcp(host, port, export);
    }

    /// <summary>
    /// What stands before the path, the path without its slash, and the query. The name of an export may hold further slashes.
    /// </summary>
    private static (string Authority, string Export, string Query) Split(string rest)
    {
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : rest[(question + 1)..];
        var path = question < 0 ? rest : rest[..question];

        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "", query) : (path[..slash], Uri.UnescapeDataString(path[(slash + 1)..]), query);
    }

    private static bool TryParsePort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;

    private static string PortSuffix(int port) => port == DefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{port}");
}
