namespace Becket.Blocks.Caching.Fetching;

/// <summary>One GET: the range it brings in and how urgent it is. Guarded by the cache's lock.</summary>
internal class Fetch(ByteRange range, FetchPriority priority)
{
    public ByteRange Range { get; } = range;

    /// <summary>Rises to <see cref="FetchPriority.Demand"/> when somebody comes to wait for a GET that is still queued.</summary>
    public FetchPriority Priority { get; set; } = priority;

    public FetchState State { get; set; }

    /// <summary>Where it waits; null when it does not. The queue's own.</summary>
    internal LinkedListNode<Fetch>? Place { get; set; }
}

internal enum FetchState
{
    Queued,
    Running,
    Done,
}
