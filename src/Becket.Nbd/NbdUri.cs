using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>
/// Where an NBD export is: <c>nbd://host[:port]/export</c> or <c>nbd+unix:///export?socket=/path</c> (doc/uri.md of the NBD
/// project). <see cref="ToString"/> gives back what <see cref="Parse"/> reads, percent-encoded where it must be.
/// </summary>
public sealed record NbdUri
{
    /// <summary>The port that IANA gave to NBD.</summary>
    public const int DefaultPort = 10809;

    private const string TcpScheme = "nbd://";
    private const string UnixScheme = "nbd+unix://";

    private NbdUri(EndPoint address, string export)
    {
        Address = address;
        Export = export;
    }

    /// <summary>A <see cref="DnsEndPoint"/>, an <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>.</summary>
    public EndPoint Address { get; }

    /// <summary>The name of the export; empty: the default one.</summary>
    public string Export { get; }

    public static NbdUri Tcp(string host, int port, string export) =>
        new(IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port), export);

    public static NbdUri Unix(string socketPath, string export) => new(new UnixDomainSocketEndPoint(socketPath), export);

    /// <exception cref="FormatException">The text is not such a URI; the message says why.</exception>
    public static NbdUri Parse(string text)
    {
        if (text.StartsWith(UnixScheme, StringComparison.OrdinalIgnoreCase))
            return ParseUnix(text, text[UnixScheme.Length..]);
        if (text.StartsWith(TcpScheme, StringComparison.OrdinalIgnoreCase))
            return ParseTcp(text, text[TcpScheme.Length..]);

        throw new FormatException($"\"{text}\" is not an NBD URI: it starts with neither {TcpScheme} nor {UnixScheme}");
    }

    public override string ToString()
    {
        var export = Uri.EscapeDataString(Export);
        return Address switch
        {
            UnixDomainSocketEndPoint unix =>
                $"{UnixScheme}/{export}?socket={Uri.EscapeDataString(unix.ToString()!).Replace("%2F", "/", StringComparison.Ordinal)}",
            DnsEndPoint dns => $"{TcpScheme}{dns.Host}{PortSuffix(dns.Port)}/{export}",
            IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } v6 => $"{TcpScheme}[{v6.Address}]{PortSuffix(v6.Port)}/{export}",
            IPEndPoint v4 => $"{TcpScheme}{v4.Address}{PortSuffix(v4.Port)}/{export}",
            _ => throw new InvalidOperationException($"no URI for an address of type {Address.GetType()}"),
        };
    }

    private static NbdUri ParseUnix(string text, string rest)
    {
        var (authority, export, query) = Split(rest);
        if (authority.Length > 0)
            throw new FormatException($"\"{text}\" names a host, which a unix socket does not have; write {UnixScheme}/export?socket=/path");

        foreach (var parameter in query.Split('&'))
        {
            if (parameter.StartsWith("socket=", StringComparison.Ordinal) && parameter.Length > "socket=".Length)
                return Unix(Uri.UnescapeDataString(parameter["socket=".Length..]), export);
        }

        throw new FormatException($"\"{text}\" names no socket; write {UnixScheme}/export?socket=/path");
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

    /// <summary>What stands before the path, the path without its slash, and the query. The name of an export may hold further slashes.</summary>
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
