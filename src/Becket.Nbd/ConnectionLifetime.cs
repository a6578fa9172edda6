namespace Becket.Nbd;

/// <summary>
/// Whether one connection goes on, is to stop, or is over, and why. Any thread may call any member; of several
/// reasons to abort the first one wins.
/// </summary>
internal sealed class ConnectionLifetime(NbdTransport transport) : IDisposable
{
    private readonly CancellationTokenSource _aborted = new();
    private string? _abortReason;
    private volatile bool _isStopping;

    /// <summary>The server stops: what is in flight is finished, whatever is new is refused.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>
    /// False for a client to which a refusal is a failed disk: what it has sent before the server stopped is answered as ever (README, 21).
    /// </summary>
    public bool RefusesWhenStopping { get; init; } = true;

    /// <summary>False for a client that is never ended for the sake of others, however slow it is (README, 22).</summary>
    public bool EndsForOthers { get; init; } = true;

    public bool IsAborted => AbortReason is not null;

    public string? AbortReason => Volatile.Read(ref _abortReason);

    /// <summary>Cancelled by <see cref="Abort"/>, so that the device does not work for a client that is gone.</summary>
    public CancellationToken Aborted => _aborted.Token;

    /// <summary>Ends the receiving side gently; called by the server.</summary>
    public void Stop()
    {
        _isStopping = true;
        transport.StopReceiving();
    }

    /// <summary>Ends the connection now. Every wait in it returns or throws; nothing that is in flight is answered.</summary>
    public void Abort(string reason)
    {
        if (Interlocked.CompareExchange(ref _abortReason, reason, null) is not null)
            return;

        transport.Break();
        try
        {
            _aborted.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The session saw its socket break and came to its end in between: nobody is left to be told.
        }
        catch (AggregateException)
        {
            // Some device threw on being cancelled. Everybody was told; whoever aborts cannot do more about it.
        }
    }

    public void Dispose() => _aborted.Dispose();
}
