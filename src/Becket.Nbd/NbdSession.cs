using Becket.Nbd.Handshake;
using Becket.Nbd.Tls;
using Becket.Nbd.Transmission;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd;

/// <summary>
/// One client from its arrival to its end, on a thread of its own: handshake, then transmission. Whatever goes wrong in
/// it stays in it. <see cref="Stop"/> and <see cref="Abort"/> may be called from any thread, at any time.
/// </summary>
internal sealed partial class NbdSession : IDisposable
{
    /// <summary>Small, because there may be hundreds; deep work belongs to the device's asynchronous side.</summary>
    private const int StackSize = 256 * 1024;

    private readonly NbdTransport _transport;
    private readonly string _peer;
    private readonly IExportCatalog _catalog;
    private readonly NbdServerOptions _options;
    private readonly TransferRoom _room;
    private readonly ILogger _logger;
    private readonly NegotiatedExport? _agreed;
    private readonly ConnectionLifetime _lifetime;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NbdConnection? _connection;

    private NbdSession(
        NbdTransport transport,
        string peer,
        IExportCatalog catalog,
        NbdServerOptions options,
        TransferRoom room,
        ILogger logger,
        NegotiatedExport? agreed = null)
    {
        _transport = transport;
        _peer = peer;
        _catalog = catalog;
        _options = options;
        _room = room;
        _logger = logger;
        _agreed = agreed;
        _lifetime = new ConnectionLifetime(transport) { RefusesWhenStopping = agreed is null, EndsForOthers = agreed is null };
    }

    /// <summary>Completes, never with an error, when the client's last reply is sent and its transport closed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Once it has ended: whether the client said so first.</summary>
    public bool HasSaidGoodbye => _connection?.HasSaidGoodbye ?? false;

    /// <summary>Requests that the device works on, or whose replies wait to be sent.</summary>
    public int RequestsInFlight => _connection?.RequestsInFlight ?? 0;

    /// <summary>Whether it was the server that ended it, or is about to.</summary>
    public bool IsStopping => _lifetime.IsStopping;

    /// <summary>Starts serving a client; the session owns the transport from here on.</summary>
    public static NbdSession Start(
        NbdTransport transport, string peer, IExportCatalog catalog, NbdServerOptions options, TransferRoom room, ILogger logger)
    {
        var session = new NbdSession(transport, peer, catalog, options, room, logger);
        session.StartThread(session.Run);
        return session;
    }

    /// <summary>
    /// Starts with the requests of the kernel, for which there is no handshake; the session owns the transport from here on.
    /// </summary>
    public static NbdSession StartTransmission(
        NbdTransport transport,
        string peer,
        NegotiatedExport agreed,
        IExportCatalog catalog,
        NbdServerOptions options,
        TransferRoom room,
        ILogger logger)
    {
        var session = new NbdSession(transport, peer, catalog, options, room, logger, agreed);
        session.StartThread(session.Run);
        return session;
    }

    /// <summary>Lets what is in flight finish and refuses the rest; the session then ends by itself.</summary>
    public void Stop()
    {
        _lifetime.Stop();
        if (!_transport.IsInterruptible)
            StartThread(DrainUninterruptible);
    }

    public void Abort(string reason)
    {
        _lifetime.Abort(reason);
        if (!_transport.IsInterruptible)
            _ended.TrySetResult();
    }

    /// <summary>Only once <see cref="Ended"/> has completed.</summary>
    public void Dispose() => _lifetime.Dispose();

    private void StartThread(ThreadStart run) => new Thread(run, StackSize) { IsBackground = true, Name = $"nbd {_peer}" }.Start();

    private void Run()
    {
        var export = "";
        var reason = "the client ended the handshake";
        try
        {
            if ((_agreed ?? Negotiate()) is { } negotiated)
            {
                export = negotiated.Name;
                LogOpened(_peer, export, _transport.Protection);
                _connection = new NbdConnection(
                    _transport, negotiated, _options, _room, _lifetime, new SessionLogger(_logger, _peer, export));
                reason = _connection.Run();
            }
        }
        catch (TlsHandshakeException e)
        {
            reason = _lifetime.AbortReason ?? e.Message;
            LogTlsFailed(_peer, reason);
        }
        catch (ConnectionEndedException e)
        {
            reason = _lifetime.AbortReason ?? e.Message;
        }
        catch (Exception e)
        {
            // A defect in here must not take the other clients' process with it.
            LogUnexpected(e, _peer);
            reason = "internal error";
        }

        if (!_lifetime.IsAborted)
            _transport.SayGoodbye();

        // Wakes and cancels whatever an error may have left behind; after a good end there is nothing.
        _lifetime.Abort(reason);
        _transport.Dispose();
        LogClosed(_peer, export, reason);
        _ended.TrySetResult();
    }

    private NegotiatedExport? Negotiate()
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_lifetime.Aborted);
        timeout.CancelAfter(_options.HandshakeTimeout);
        var channel = new OptionChannel(_transport, Deadline.After(_options.HandshakeTimeout));
        try
        {
            return new NbdHandshake(channel, _catalog, _options.Tls, _lifetime, _logger, timeout.Token).Run();
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested)
        {
            throw new ConnectionEndedException("the export did not open in time", e);
        }
    }

    /// <summary>Stands in for the session's thread, which sleeps in a read (README, 20).</summary>
    private void DrainUninterruptible()
    {
        _connection?.Drain(_options.DrainTimeout);
        Abort("the server is stopping");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Peer}: uses export \"{Export}\", {Protection}")]
    private partial void LogOpened(string peer, string export, string protection);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Peer}: closed, export \"{Export}\": {Reason}")]
    private partial void LogClosed(string peer, string export, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Peer}: no TLS: {Reason}")]
    private partial void LogTlsFailed(string peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Peer}: closed after an internal error")]
    private partial void LogUnexpected(Exception exception, string peer);
}
