namespace Becket.Fuse.Session;

/// <summary>Counts the requests that are with the device, so that somebody can wait for the last one. Safe from every thread.</summary>
internal sealed class RequestsInFlight
{
    private readonly Lock _gate = new();
    private int _count;
    private TaskCompletionSource? _idle;

    public void Enter()
    {
        lock (_gate)
            _count++;
    }

    public void Leave()
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            if (--_count == 0)
                (idle, _idle) = (_idle, null);
        }
        idle?.SetResult();
    }

    /// <summary>Waits until there is none; false once the time is over.</summary>
    public async Task<bool> WaitUntilIdleAsync(TimeSpan time)
    {
        Task idle;
        lock (_gate)
        {
            if (_count == 0)
                return true;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = _idle.Task;
        }
        return await Deadline.CompletesWithinAsync(idle, time);
    }
}
