using System.Net;
using System.Net.Sockets;
using Becket.Nbd;
using Becket.Status;
using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>
/// One run of <c>becket serve</c>: opens the listening sockets, says that it is ready, serves, and takes away what it
/// made. The order matters: ready is only said when a client could connect.
/// </summary>
internal sealed class Server(ExportCatalog catalog, Listening listening, TlsServing? tls, StatusBoard board, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<Server>();
    private readonly ILogger _announcer = loggers.CreateLogger(StderrLog.Announcements);
    private readonly IReadOnlyList<Socket> _inherited = SocketActivation.Inherit();

    /// <summary>Serves until <paramref name="stopping"/> fires, the single client leaves or the captive command ends.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        var options = new NbdServerOptions
        {
            MaximumConnections = listening.MaximumConnections,
            Admission = listening.Admission,
            Tls = tls?.Server,
            HandshakeTimeout = listening.HandshakeTimeout ?? new NbdServerOptions().HandshakeTimeout,
            IdleTimeout = listening.IdleTimeout,
        };
        await using var server = new NbdServer(catalog, options, loggers);
        board.Server = server;
        using var stoppingLine = stopping.Register(() =>
        {
            board.Phase = ServingPhase.Stopping;
            Log.Stopping(_logger);
        });

        // Sockets that a parent opened win over -s: nbdcopy -- [ becket serve -s ... ] passes both.
        if (_inherited.Count > 0)
            return await ServeAsync(server, _inherited, stopping);

        if (listening.Single)
        {
            using var pidFile = WritePidFile();
            listening.User?.Become();
            board.Phase = ServingPhase.Serving;
            await server.ServeSingleAsync(StandardStreams.Open(), "standard input", stopping);
            return ExitCode.Success;
        }

        if (listening.UnixSocket is null && (listening.Port is not null || listening.Address is not null || listening.Run is null))
        {
            using var socket = TcpListening.Listen(
                listening.Address ?? TcpListening.DefaultAddress, listening.Port ?? NbdUri.DefaultPort, "-p");
            return await ServeAsync(server, [socket], stopping);
        }

        using var unix = listening.UnixSocket is null or "-"
            ? UnixListener.ListenInTemporaryFolder()
            : UnixListener.Listen(listening.UnixSocket, SocketMode);
        if (listening.User is { } user)
            unix.GiveTo(user);
        return await ServeAsync(server, [unix.Socket], stopping);
    }

    private async Task<int> ServeAsync(NbdServer server, IReadOnlyList<Socket> sockets, CancellationToken stopping)
    {
        var address = ServerAddress.Of(sockets[0], catalog.DefaultName, tls);
        WarnOfPlainText(sockets);
        using var stopServing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var pidFile = WritePidFile();
        listening.User?.Become(); // the sockets listen, everything is open, and no client has been talked to
        var serving = server.ServeAsync(sockets, stopServing.Token);
        board.Phase = ServingPhase.Serving;
        ServiceNotification.Ready();
        Announce(address);
        using var stoppingNotice = stopping.Register(ServiceNotification.Stopping);

        if (listening.Run is null)
        {
            await serving;
            return ExitCode.Success;
        }

        var exitCode = await CaptiveCommand.RunAsync(listening.Run, address, stopping);
        await stopServing.CancelAsync();
        await serving;
        return exitCode;
    }

    /// <summary>Where users are named, the server decides who may connect, and the kernel lets everybody knock.</summary>
    private UnixFileMode SocketMode => listening.Admission.Users.Count > 0 ? UnixListener.Everybody : UnixListener.OwnerOnly;

    private void WarnOfPlainText(IReadOnlyList<Socket> sockets)
    {
        if (tls is not null)
            return;

        foreach (var socket in sockets)
        {
            if (socket.LocalEndPoint is IPEndPoint address && !IPAddress.IsLoopback(address.Address))
                Log.PlainText(_logger, address);
        }
    }

    /// <summary>For whoever started the server by hand: it is up, and this is where. Clients that started it do not want to know.</summary>
    private void Announce(ServerAddress address)
    {
        if (listening.Run is null && _inherited.Count == 0)
            Log.Serving(_announcer, catalog, address.Uri);
        else
            Log.Listening(_logger, address.Uri);
    }

    private PidFile? WritePidFile()
    {
        if (listening.PidFile is null)
            return null;
        var file = PidFile.Write(listening.PidFile);
        if (listening.User is { } user)
            file.GiveTo(user);
        return file;
    }
}
