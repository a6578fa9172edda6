using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Becket.Nbd;
using Becket.Nbd.Tls;

namespace Becket.Serving;

/// <summary>Where clients reach a server, in the spellings that they know.</summary>
internal sealed record ServerAddress(string Uri, string QemuName, string? UnixSocket, string? Port, string ExportName)
{
    /// <summary>Where TLS is required, the URI says so, and where clients find certificates.</summary>
    public static ServerAddress Of(Socket listener, string exportName, TlsServing? tls)
    {
        var requiresTls = tls is { Server.Demand: TlsDemand.Required };
        if (listener.LocalEndPoint is IPEndPoint ip)
        {
            var port = ip.Port.ToString(CultureInfo.InvariantCulture);
            var host = ip.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip.Address}]" : ip.Address.ToString();
            // Certificates are made for names: as nbdkit does, this one is taken for the address where it is the right one.
            var name = ip.Address.Equals(IPAddress.Loopback) ? "localhost" : ip.Address.ToString();
            var uri = requiresTls
                ? WithTls(NbdUri.Tcp(name, ip.Port, exportName), tls!).ToString()
                : $"nbd://{host}:{port}/{System.Uri.EscapeDataString(exportName)}";
            return new ServerAddress(uri, $"nbd:{host}:{port}{QemuExport(exportName)}", null, port, exportName);
        }

        var path = listener.LocalEndPoint!.ToString()!;
        var unix = NbdUri.Unix(path, exportName);
        return new ServerAddress(
            (requiresTls ? WithTls(unix, tls!) : unix).ToString(), $"nbd:unix:{path}{QemuExport(exportName)}", path, null, exportName);
    }

    private static NbdUri WithTls(NbdUri uri, TlsServing tls) =>
        uri with { Protection = NbdProtection.Tls, TlsCertificates = tls.Certificates };

    private static string QemuExport(string name) => name.Length > 0 ? $":exportname={name}" : "";
}
