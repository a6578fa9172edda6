using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Becket.InteropTests.Processes;

namespace Becket.InteropTests.Stores;

/// <summary>
/// A running Ceph of one machine with its S3 gateway, real but in memory; needs root.
/// </summary>
public sealed class RadosGateway : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private RadosGateway(TemporaryFolder folder, S3Endpoint endpoint)
    {
        _folder = folder;
        Endpoint = endpoint;
    }

    public S3Endpoint Endpoint { get; }

    public static async Task<RadosGateway> StartAsync(CancellationToken cancellationToken)
    {
        Tool.RequireRoot();
        Tool.Require("ceph-mon", "ceph-osd", "radosgw");
        var folder = new TemporaryFolder();
        var up = new Command(Repository.Script("ceph"), "up", folder["ceph"], FreePortPair().ToString(CultureInfo.InvariantCulture))
        {
            TimeLimit = TimeSpan.FromMinutes(3),
        };
        try
        {
            return new RadosGateway(folder, S3Endpoint.Parse((await up.SucceedAsync(cancellationToken)).Output));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await new Command(Repository.Script("ceph"), "down", _folder["ceph"]).SucceedAsync(CancellationToken.None);
        _folder.Dispose();
    }

    // The gateway's port and the monitor's, which is the next one. Somebody may take them before we do; then `up` says so.
    private static int FreePortPair()
    {
        while (true)
        {
            using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var second = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            first.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)first.LocalEndPoint!).Port;
            try
            {
                second.Bind(new IPEndPoint(IPAddress.Loopback, port + 1));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another pair, then.
            }
        }
    }
}
