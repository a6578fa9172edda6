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

    /// <summary>Stops the gateway where it stands, or lets it go on: <c>STOP</c>, <c>CONT</c>. The cluster behind it goes on.</summary>
    public async Task SignalGatewayAsync(string signal, CancellationToken cancellationToken) =>
        await new Command("kill", $"-{signal}", await GatewayIdAsync(cancellationToken)).SucceedAsync(cancellationToken);

    /// <summary>Kills the gateway and returns when it has gone.</summary>
    public Task KillGatewayAsync(CancellationToken cancellationToken) => EndGatewayAsync("KILL", cancellationToken);

    /// <summary>Starts the gateway that was killed. It takes requests a moment later.</summary>
    public Task StartGatewayAsync(CancellationToken cancellationToken) =>
        new Command("radosgw", "-c", Path.Combine(_folder["ceph"], "ceph.conf"), "-n", "client.rgw").SucceedAsync(cancellationToken);

    /// <summary>Ends the gateway in good order, starts it again at once and returns when it takes requests.</summary>
    public async Task RestartGatewayAsync(CancellationToken cancellationToken)
    {
        await EndGatewayAsync("TERM", cancellationToken);
        await StartGatewayAsync(cancellationToken);
        await Command.Shell($"until curl -fsS -o /dev/null '{Endpoint.Url}'; do sleep 0.05; done").SucceedAsync(cancellationToken);
    }

    /// <summary>Takes the endpoint's keys from their user; the gateway knows at once.</summary>
    public Task RemoveKeyAsync(CancellationToken cancellationToken) =>
        AdministerAsync(["key", "rm", "--uid=becket", $"--access-key={Endpoint.AccessKey}"], cancellationToken);

    /// <summary>Gives the user the same keys again.</summary>
    public Task PutKeyBackAsync(CancellationToken cancellationToken) => AdministerAsync(
        ["key", "create", "--uid=becket", "--key-type=s3", $"--access-key={Endpoint.AccessKey}", $"--secret-key={Endpoint.SecretKey}"],
        cancellationToken);

    private Task<ProcessOutcome> AdministerAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        new Command("radosgw-admin", ["-c", Path.Combine(_folder["ceph"], "ceph.conf"), "-n", "client.rgw", .. words])
            .SucceedAsync(cancellationToken);

    private async Task EndGatewayAsync(string signal, CancellationToken cancellationToken)
    {
        var id = await GatewayIdAsync(cancellationToken);
        await SignalGatewayAsync(signal, cancellationToken);
        // A zombie counts as ended: some containers reap orphans only now and then.
        await Command.Shell($"while [[ $(ps -o stat= -p {id}) == [!Z]* ]]; do sleep 0.02; done").SucceedAsync(cancellationToken);
    }

    private async Task<string> GatewayIdAsync(CancellationToken cancellationToken) =>
        (await File.ReadAllTextAsync(Path.Combine(_folder["ceph"], "client.rgw.pid"), cancellationToken)).Trim();

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
