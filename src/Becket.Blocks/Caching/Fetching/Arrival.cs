namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// A GET and those who wait for its bytes: each is told as soon as the bytes that it needs are there. Guarded by the cache's lock;
/// waiters are completed after it is released.
/// </summary>
internal class Arrival(ByteRange range, FetchPriority priority) : Fetch(range, priority)
{
    private readonly List<Waiter> _waiters = [];

    /// <summary>The first byte that is not there yet; rises to the end of the range.</summary>
    public long Reached { get; private set; } = range.Offset;

    /// <summary>When it was asked for, in the clock's ticks.</summary>
    public required long Created { get; init; }

    /// <summary>Its first byte has come.</summary>
    public bool IsComing { get; set; }

    /// <summary>Whether it still has to bring the byte at an offset.</summary>
    public virtual bool Brings(long offset) => offset >= Reached && offset < Range.End;

    /// <summary>A task that completes when every byte of the range below <paramref name="end"/> is there, or when it has failed.</summary>
    public Task WaitFor(long end)
    {
        var waiter = new Waiter(Math.Min(end, Range.End));
        _waiters.Add(waiter);
        return waiter.Task;
    }

    /// <summary>Notes progress and hands out the waiters that have what they need.</summary>
    public void Advance(long reached, ref List<Waiter>? due)
    {
        Reached = reached;
        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            if (_waiters[i].End > reached)
                continue;
            (due ??= []).Add(_waiters[i]);
            _waiters.RemoveAt(i);
        }
    }

    /// <summary>Ends it, whether all has come or not, and hands out whoever still waits.</summary>
    public void End(ref List<Waiter>? due)
    {
        State = FetchState.Done;
        if (_waiters.Count == 0)
            return;
        (due ??= []).AddRange(_waiters);
        _waiters.Clear();
    }

    /// <summary>
    /// Somebody who waits. What it goes on with runs on the thread that completes it: a copy and a queued reply, which is
    /// not worth a change of threads.
    /// </summary>
    internal sealed class Waiter(long end) : TaskCompletionSource
    {
        public long End { get; } = end;

        /// <summary>Not to be called under a lock.</summary>
        public static void CompleteAll(List<Waiter>? waiters, Exception? failure)
        {
            if (waiters is null)
                return;
            foreach (var waiter in waiters)
            {
                if (failure is null)
                    waiter.SetResult();
                else
                    waiter.SetException(failure);
            }
        }
    }
}
