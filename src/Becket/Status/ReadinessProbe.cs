namespace Becket.Status;

/// <summary>
/// Has devices whose reads fail tried again, while somebody asks how they are: who is sent no work because he is not ready would
/// never find out that his store is back. One round at a time, and not more often than every two seconds.
/// </summary>
internal sealed class ReadinessProbe(StatusBoard board, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private int _isRunning;
    private long _ended = time.GetTimestamp();

    /// <summary>Starts a round, unless it is too early for one; does not wait for it.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) != 0)
            return;
        if (time.GetElapsedTime(_ended) < Pause)
            Volatile.Write(ref _isRunning, 0);
        else
            _ = Task.Run(RunAsync);
    }

    private async Task RunAsync()
    {
        // A read ends by its own deadline, and with its device.
        await Task.WhenAll(board.Exports.Select(static export => export.Device.Health.ProbeAsync(CancellationToken.None)))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended = time.GetTimestamp();
        Volatile.Write(ref _isRunning, 0);
    }
}
