using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The second phase of a connection: requests in, replies out, on the connection's own thread. A read that the device
/// has at hand is copied once, straight behind its header, and answered on the spot; the rest goes on while the thread
/// receives. The rules of threads, locks and buffers are numbered in this project's README.
/// </summary>
internal sealed partial class NbdConnection
{
    private const int ReceiveCapacity = 64 * 1024;

    /// <summary>How long an aborted connection waits for the device to let go of its requests.</summary>
    private static readonly TimeSpan AbortGrace = TimeSpan.FromSeconds(10);

    private readonly NegotiatedExport _export;
    private readonly ConnectionLifetime _lifetime;
    private readonly ILogger _logger;
    private readonly ReplyFormat _format;
    private readonly ReceiveBuffer _input;
    private readonly RoomShare _share;
    private readonly InFlightRequests _inFlight;
    private readonly ReplySender _sender;
    private readonly ReplyBox _replies;
    private readonly RequestExecution _execution;
    private readonly TimeSpan? _idleTimeout;
    private readonly TimeProvider _time;
    private readonly bool _logsRequests;

    public NbdConnection(
        NbdTransport transport,
        NegotiatedExport export,
        NbdServerOptions options,
        TransferRoom room,
        ConnectionLifetime lifetime,
        ILogger logger)
    {
        _export = export;
        _lifetime = lifetime;
        _logger = logger;
        _logsRequests = logger.IsEnabled(LogLevel.Debug);
        _format = new ReplyFormat(export.Style);
        var pace = new ClientPace(transport, lifetime);
        _input = new ReceiveBuffer(transport, pace, ReceiveCapacity);
        _share = new RoomShare(room, pace);
        _inFlight = new InFlightRequests(options.RequestsInFlight, options.BytesInFlight);
        _sender = new ReplySender(pace, _format, _share, _inFlight, lifetime);
        _replies = new ReplyBox(_format, _share, _sender);
        _execution = new RequestExecution(export, _format, logger, lifetime.Aborted);
        _idleTimeout = lifetime.EndsForOthers ? options.IdleTimeout : null;
        _time = options.Time;
    }

    /// <summary>The client ended the connection by a request, and did not just vanish.</summary>
    public bool HasSaidGoodbye { get; private set; }

    /// <summary>Requests that the device works on, or whose replies wait to be sent.</summary>
    public int RequestsInFlight => _inFlight.Count;

    /// <summary>Serves the client until it leaves, the server stops or the connection is aborted; returns the reason.</summary>
    public string Run()
    {
        using var waking = _lifetime.Aborted.Register(WakeAll);
        using var idleWatch = _idleTimeout is { } patience ? new IdleWatch(_inFlight, _lifetime, patience, _time) : null;
        var reason = "";
        try
        {
            reason = ReceiveRequests(idleWatch);
            if (_inFlight.WaitUntilIdle())
                _sender.Send([]);
        }
        catch (ConnectionEndedException e)
        {
            _lifetime.Abort(e.Message);
        }
        catch (Exception e)
        {
            // A defect, or no memory for a request: the end of this connection, but an orderly one.
            LogUnexpected(e, _export.Name);
            _lifetime.Abort("internal error");
        }

        _replies.Discard();
        if (_inFlight.WaitUntilIdle(AbortGrace))
            _sender.Close();
        else
            LogLeftBehind(_export.Name);

        _share.Part();
        return _lifetime.AbortReason ?? reason;
    }

    /// <summary>
    /// Waits for what is in flight and its replies, from another thread: the way to stop a connection over pipes, whose
    /// own thread sleeps in a read that nothing can interrupt.
    /// </summary>
    public void Drain(TimeSpan time)
    {
        try
        {
            if (_inFlight.WaitUntilIdle(time))
                _sender.Send([]);
        }
        catch (ConnectionEndedException e)
        {
            _lifetime.Abort(e.Message);
        }
    }

    private void WakeAll()
    {
        _inFlight.Abort();
        _share.Abort();
        _sender.Wake();
    }

    private string ReceiveRequests(IdleWatch? idleWatch)
    {
        while (true)
        {
            while (_input.TryTakeRequest(out var request))
            {
                idleWatch?.RequestCame();
                if (_logsRequests)
                    LogRequest(request.Command, request.Offset, request.Length, request.Flags, request.Cookie);
                if (request.Command == Command.Disconnect)
                {
                    HasSaidGoodbye = true;
                    return Finish("the client disconnected");
                }

                Handle(request);
            }

            _replies.Flush();
            idleWatch?.RequestAwaited();
            if (!_input.Fill())
                return _lifetime.IsStopping ? "the server is stopping" : "the client left without a goodbye";
        }
    }

    private string Finish(string reason)
    {
        _replies.Flush();
        return reason;
    }

    private void Handle(in NbdRequest request)
    {
        var refusal = _lifetime is { IsStopping: true, RefusesWhenStopping: true }
            ? Refusal.Stopping
            : RequestValidation.Check(request, _export);

        if (request.Command == Command.Write)
            HandleWrite(request, refusal);
        else if (refusal.IsRefused)
            _replies.Answer(Reply.Refused(request.Cookie, refusal));
        else if (request.Command == Command.Read)
            HandleRead(request);
        else
            Start(request, charge: 0);
    }

    private void HandleRead(in NbdRequest request)
    {
        var length = (int)request.Length;
        var size = _format.ReadHeaderSize + length;
        if (length == 0)
            _replies.Answer(Reply.Done(request.Cookie));
        else if (_execution.IsSparse(request) || !TryReadIntoBatch(request, size))
            Start(request, charge: length);
    }

    /// <summary>The hot path: no lock, no allocation, one copy.</summary>
    private bool TryReadIntoBatch(in NbdRequest request, int size)
    {
        var reply = _replies.Next(size);
        if (reply.IsEmpty)
            return false;

        try
        {
            if (!_export.Device.TryRead(request.Offset, reply[_format.ReadHeaderSize..]))
                return false;
        }
        catch (Exception e)
        {
            _replies.Answer(Reply.Refused(request.Cookie, _execution.Explain(request, e)));
            return true;
        }

        _format.WriteReadHeader(reply, request);
        _replies.Advance(size);
        return true;
    }

    private void HandleWrite(in NbdRequest request, Refusal refusal)
    {
        if (refusal.IsRefused)
        {
            SkipPayload(request);
            _replies.Answer(Reply.Refused(request.Cookie, refusal));
            return;
        }

        if (request.Length == 0)
        {
            _replies.Answer(Reply.Done(request.Cookie));
            return;
        }

        Start(request, ReceivePayload(request), request.Length);
    }

    private TransferBuffer ReceivePayload(in NbdRequest request)
    {
        if (_input.Buffered < request.Length)
            _replies.Flush();

        var payload = _replies.Rent((int)request.Length);
        try
        {
            _input.ReceiveExactly(payload.Span);
            return payload;
        }
        catch
        {
            payload.Dispose();
            throw;
        }
    }

    private void SkipPayload(in NbdRequest request)
    {
        if (_input.Buffered < request.Length)
            _replies.Flush();
        if (request.Length > NbdLimits.SkippedPayload)
            throw new ConnectionEndedException($"the client announced a write of {request.Length} bytes");

        _input.Skip(request.Length);
    }

    private void Start(in NbdRequest request, long charge)
    {
        var space = _execution.ReplySpace(request);
        Start(request, space > 0 ? _replies.Rent(space) : null, charge);
    }

    /// <summary>Hands a request and its buffer to the device; answers it here if it is done at once, else when it is.</summary>
    private void Start(in NbdRequest request, TransferBuffer? buffer, long charge)
    {
        try
        {
            if (!_inFlight.TryEnter(charge))
            {
                _replies.Flush();
                _inFlight.Enter(charge);
            }
        }
        catch
        {
            buffer?.Dispose();
            throw;
        }

        var running = _execution.RunAsync(request, buffer);
        if (!running.IsCompleted)
        {
            _sender.EnsureStarted();
            _ = QueueWhenDoneAsync(running, charge);
            return;
        }

        var reply = running.GetAwaiter().GetResult();
        try
        {
            _replies.Answer(reply);
        }
        finally
        {
            reply.Content?.Dispose();
            _inFlight.Leave(charge);
        }
    }

    private async Task QueueWhenDoneAsync(ValueTask<Reply> running, long charge) => _sender.Queue(await running, charge);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Command} offset {Offset} length {Length} flags {Flags} cookie {Cookie}")]
    private partial void LogRequest(Command command, long offset, uint length, CommandFlags flags, long cookie);

    [LoggerMessage(Level = LogLevel.Error, Message = "a connection to export \"{Export}\" failed unexpectedly")]
    private partial void LogUnexpected(Exception exception, string export);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the device still works on requests of a closed connection to export \"{Export}\"")]
    private partial void LogLeftBehind(string export);
}
