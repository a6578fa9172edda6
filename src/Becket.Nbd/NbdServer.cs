using System.Collections.Concurrent;
using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd.Handshake;
using Becket.Nbd.Transmission;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd;

/// <summary>
/// Serves the exports of a catalog to NBD clients. Neither the listening sockets nor the catalog and its devices become
/// the server's; it is done with them when the task that serves has ended.
/// </summary>
public sealed partial class NbdServer(IExportCatalog catalog, NbdServerOptions options, ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>After an accept that failed for want of descriptors or memory: time for others to give some back.</summary>
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly QuietLog _logger = new(loggers.CreateLogger("Becket.Nbd"), options.Time);
    private readonly ConcurrentDictionary<NbdSession, byte> _sessions = new();
    private readonly CancellationTokenSource _disposing = new();
    private readonly TransferRoom _room = new(options.TransferMemory, options.CrowdedTimeout, options.Time);
    private int _connections;
    private long _accepted;

    /// <summary>What it has to do at the moment. Cheap enough to ask every second.</summary>
    public NbdServerTotals Totals => new(
        _sessions.Count,
        Interlocked.Read(ref _accepted),
        _sessions.Keys.Sum(static session => session.RequestsInFlight),
        _room.Held,
        options.TransferMemory);

    /// <summary>For tests: what the requests of all connections take.</summary>
    internal TransferRoom Room => _room;

    internal ILogger Logger => _logger;

    /// <summary>Clients that are connected now; none of them has a thread or a socket any more once it is gone.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>
    /// Accepts clients on sockets that are bound and listening, until <paramref name="stopping"/> is cancelled. Returns, without
    /// an error, when requests that were under way are answered or <see cref="NbdServerOptions.DrainTimeout"/> is over.
    /// </summary>
    public async Task ServeAsync(IReadOnlyList<Socket> listeners, CancellationToken stopping)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stopping, _disposing.Token);
        await Task.WhenAll(listeners.Select(listener => AcceptAsync(listener, linked.Token)));
        await StopAsync(_sessions.Keys);
    }

    /// <summary>
    /// Serves one client over a stream that it owns, such as stdin and stdout, and returns when the client has left. A
    /// <see cref="NetworkStream"/> gets the timeouts of an accepted socket; other streams have none.
    /// </summary>
    public async Task ServeSingleAsync(Stream stream, string peer, CancellationToken stopping)
    {
        var transport = stream is NetworkStream network ? new NbdTransport(network.Socket, options.SendTimeout) : new NbdTransport(stream);
        using var session = NbdSession.Start(transport, peer, catalog, options, _room, _logger);

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stopping, _disposing.Token);
        try
        {
            await session.Ended.WaitAsync(linked.Token);
        }
        catch (OperationCanceledException)
        {
            await StopAsync([session]);
        }
    }

    /// <summary>
    /// Serves the kernel on a socket that is in the transmission phase already, with simple replies. The session is one of the
    /// server's, owns the socket, and has no time limits: to the kernel a closed socket is a failing disk (README, 22).
    /// </summary>
    internal NbdSession ServeKernel(Socket socket, string peer, string name, IBlockDevice device)
    {
        var agreed = new NegotiatedExport(name, device, ReplyStyle.Simple, context: null);
        var session = NbdSession.StartTransmission(
            new NbdTransport(socket, TimeSpan.MaxValue), peer, agreed, catalog, options, _room, _logger);
        Interlocked.Increment(ref _connections);
        Add(session);
        return session;
    }

    /// <summary>Stops serving as if the token had been cancelled; the tasks that serve end soon after.</summary>
    public async ValueTask DisposeAsync()
    {
        // Not disposed itself: a task that serves may just be about to link to it, and it holds nothing.
        await _disposing.CancelAsync();
        await StopAsync(_sessions.Keys);
        _logger.Dispose();
    }

    private async Task AcceptAsync(Socket listener, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Admit(await listener.AcceptAsync(stopping));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                LogAcceptFailed(e.Message);
                await Task.Delay(AcceptPause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Admit(Socket socket)
    {
        var peer = PeerName.Of(socket);
        if (options.Admission.Refusal(socket) is { } refusal)
        {
            LogNotAllowed(peer, refusal);
            socket.Dispose();
            return;
        }

        if (Interlocked.Increment(ref _connections) > options.MaximumConnections)
        {
            Interlocked.Decrement(ref _connections);
            LogTooMany(peer, options.MaximumConnections);
            socket.Dispose();
            return;
        }

        try
        {
            var session = NbdSession.Start(new NbdTransport(socket, options.SendTimeout), peer, catalog, options, _room, _logger);
            Add(session);
        }
        catch (Exception e) when (e is SocketException or IOException or OutOfMemoryException or ThreadStartException)
        {
            // The client is already gone, or there is no memory for one more thread.
            Interlocked.Decrement(ref _connections);
            LogNotStarted(peer, e.Message);
            socket.Dispose();
        }
    }

    private void Add(NbdSession session)
    {
        Interlocked.Increment(ref _accepted);
        _sessions.TryAdd(session, 0);
        _ = ForgetAsync(session);
    }

    private async Task ForgetAsync(NbdSession session)
    {
        await session.Ended;
        _sessions.TryRemove(session, out _);
        session.Dispose();
        Interlocked.Decrement(ref _connections);
    }

    /// <summary>Ends some of the sessions as a stop of the server ends all.</summary>
    internal async Task StopAsync(IEnumerable<NbdSession> sessions)
    {
        var remaining = sessions.ToArray();
        if (remaining.Length == 0)
            return;

        foreach (var session in remaining)
            session.Stop();

        LogStopping(remaining.Length);
        var ended = Task.WhenAll(remaining.Select(session => session.Ended));
        try
        {
            await ended.WaitAsync(options.DrainTimeout);
        }
        catch (TimeoutException)
        {
            foreach (var session in remaining)
                session.Abort("the server has stopped");

            await ended;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping: {Connections} connections finish what they have begun")]
    private partial void LogStopping(int connections);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot accept a client: {Reason}")]
    private partial void LogAcceptFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer}: turned away, there are {Maximum} connections already")]
    private partial void LogTooMany(string peer, int maximum);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer}: turned away, {Reason}")]
    private partial void LogNotAllowed(string peer, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer}: cannot be served: {Reason}")]
    private partial void LogNotStarted(string peer, string reason);
}
