using System.Globalization;
using System.Net;
using Becket.Serving;

namespace Becket.Status;

/// <summary>
/// Where a process tells how it is: a TCP address, of this machine alone unless another one is named, or a unix socket. Nobody is
/// asked who he is, so whoever can connect can read.
/// </summary>
internal abstract record StatusAddress
{
    private StatusAddress()
    {
    }

    /// <summary>An address and a port; port 0: any free one.</summary>
    public sealed record Tcp(IPAddress Address, int Port) : StatusAddress
    {
        /// <summary>Nobody else than the users of this machine can connect.</summary>
        public bool IsLocal => IPAddress.IsLoopback(Address);
    }

    /// <summary>A socket that only its owner may use, at an absolute path.</summary>
    public sealed record Unix(string Path) : StatusAddress;

    /// <summary>Reads <c>9464</c>, <c>127.0.0.1:9464</c>, <c>[::1]:0</c>, <c>localhost:9464</c>, or a path, which has a slash.</summary>
    /// <exception cref="FormatException">It is none of these; the message says so.</exception>
    public static StatusAddress Parse(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
            return new Unix(Path.GetFullPath(text));

        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? TcpListening.DefaultAddress : text[..colon];
        if (host == "localhost")
            host = TcpListening.DefaultAddress;
        var isBracketed = host is ['[', .., ']'];
        // Without brackets, ::1 would be the address : and the port 1.
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port > IPEndPoint.MaxPort
            || !IPAddress.TryParse(isBracketed ? host[1..^1] : host, out var address)
            || isBracketed != host.Contains(':', StringComparison.Ordinal)
            || (!isBracketed && host.Split('.').Length != 4))
        {
            throw new FormatException(
                $"'{text}' is not a place to listen on; write a port (9464), an IP address and a port (127.0.0.1:9464, [::1]:9464) "
                + "or the path of a unix socket (./status.sock)");
        }
        return new Tcp(address, port);
    }
}
