using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Becket.Nbd;

namespace Becket.Serving;

/// <summary>Where clients reach a server, in the spellings that they know.</summary>
internal sealed record ServerAddress(string Uri, string QemuName, string? UnixSocket, string? Port, string ExportName)
{
    public static ServerAddress Of(Socket listener, string exportName)
    {
        if (listener.LocalEndPoint is IPEndPoint ip)
        {
            var port = ip.Port.ToString(CultureInfo.InvariantCulture);
            var host = ip.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip.Address}]" : ip.Address.ToString();
            return new ServerAddress($"nbd://{host}:{port}/{System.Uri.EscapeDataString(exportName)}", $"nbd:{host}:{port}{QemuExport(exportName)}", null, port, exportName);
        }

        var path = listener.LocalEndPoint!.ToString()!;
        return new ServerAddress(NbdUri.Unix(path, exportName).ToString(), $"nbd:unix:{path}{QemuExport(exportName)}", path, null, exportName);
    }

    private static string QemuExport(string name) => name.Length > 0 ? $":exportname={name}" : "";
}
