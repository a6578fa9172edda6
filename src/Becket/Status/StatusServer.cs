using System.Net;
using System.Net.Sockets;
using Becket.Serving;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Becket.Status;

/// <summary>
/// The HTTP server of <c>--status</c>. While it is there, what is measured is kept; it is started before the devices are opened,
/// so that it can tell that they are, and their first requests count.
/// </summary>
internal sealed partial class StatusServer : IAsyncDisposable
{
    /// <summary>A scraper or two, some probes and a few browsers; whoever comes to more has nothing good in mind.</summary>
    private const int MostConnections = 100;

    private readonly MetricsCollector _metrics;
    private readonly ServedInstruments _served;
    private readonly ProcessInstruments _process;
    private readonly KestrelServer _kestrel;
    private readonly UnixListener? _unix;
    private readonly Socket _socket;
    private readonly StatusApplication _application;

    private StatusServer(StatusAddress address, StatusBoard board, ILogger logger)
    {
        _unix = address is StatusAddress.Unix unix ? UnixListener.Listen(unix.Path) : null;
        _socket = _unix?.Socket ?? Listen((StatusAddress.Tcp)address);
        _metrics = new MetricsCollector(board);
        _served = new ServedInstruments(board);
        _process = new ProcessInstruments(board);
        var snapshots = new SnapshotTaker(board, _metrics, TimeProvider.System);
        Func<string, bool> answersTo = address is StatusAddress.Tcp { IsLocal: true } ? IsLocalName : static _ => true;
        _application = new StatusApplication(board, _metrics, snapshots, answersTo, logger);
        _kestrel = CreateKestrel(_socket);
        Location = Locate();
    }

    /// <summary>Where it is: an address for browsers, or the path of its socket.</summary>
    public string Location { get; }

    /// <summary>Starts one, or returns null where no address was given.</summary>
    /// <exception cref="CommandException">The address cannot be listened on.</exception>
    public static async Task<StatusServer?> StartAsync(
        StatusAddress? address, StatusBoard board, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (address is null)
            return null;
        var server = new StatusServer(address, board, loggers.CreateLogger<StatusServer>());
        try
        {
            await server._kestrel.StartAsync(server._application, cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        var announcer = loggers.CreateLogger(StderrLog.Announcements);
        LogStarted(announcer, server.Location);
        if (address is StatusAddress.Tcp { IsLocal: false })
            LogOpenToOthers(announcer, server.Location);
        return server;
    }

    /// <summary>Stops at once; who is just being answered is not.</summary>
    public async ValueTask DisposeAsync()
    {
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
        _socket.Dispose();
        _unix?.Dispose();
        _process.Dispose();
        _served.Dispose();
        _metrics.Dispose();
    }

    private static Socket Listen(StatusAddress.Tcp address) => TcpListening.Listen(address.Address.ToString(), address.Port, "--status");

    /// <summary>
    /// A page of the web may have its own name point to this machine's loopback, and a browser would let it read what is here. It
    /// cannot do so under an address or this name.
    /// </summary>
    internal static bool IsLocalName(string host) =>
        host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);

    /// <summary>Kestrel without the hosting around it: no configuration, no dependency injection, no log of its own.</summary>
    private static KestrelServer CreateKestrel(Socket socket)
    {
        var settings = new KestrelServerOptions { AddServerHeader = false };
        settings.Limits.MaxConcurrentConnections = MostConnections;
        settings.Limits.MaxRequestBodySize = 0;
        settings.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        settings.Listen(socket.LocalEndPoint!, static endpoint => endpoint.Protocols = HttpProtocols.Http1);
        // Bound by us: errors are ours, and a unix socket's rights are set before anybody can connect.
        var sockets = new SocketTransportOptions { CreateBoundListenSocket = _ => socket };
        var transport = new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance);
        return new KestrelServer(Options.Create(settings), transport, NullLoggerFactory.Instance);
    }

    private string Locate() => _socket.LocalEndPoint is IPEndPoint ip ? $"http://{ip}/" : _unix!.Path;

    [LoggerMessage(Level = LogLevel.Information, Message = "status at {Address}")]
    private static partial void LogStarted(ILogger logger, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "whoever can reach {Address} can see what is served and how it is used")]
    private static partial void LogOpenToOthers(ILogger logger, string address);
}
