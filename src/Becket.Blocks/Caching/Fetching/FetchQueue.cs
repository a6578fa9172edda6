namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// The GETs that wait for a connection, and how many run: what somebody waits for goes first (8). Guarded by the cache's lock;
/// it starts nothing itself.
/// </summary>
internal sealed class FetchQueue(int connections)
{
    private readonly LinkedList<Fetch> _demand = new();
    private readonly LinkedList<Fetch> _background = new();
    private int _running;
    private int _runningInBackground;

    /// <summary>How many GETs may run at once. May be lowered below what runs: then nothing starts until enough have finished.</summary>
    public int Connections { get; set; } = connections;

    public int Running => _running;

    /// <summary>How many GETs wait, of either kind.</summary>
    public int Queued => _demand.Count + _background.Count;

    /// <summary>The bytes of the background GETs that wait.</summary>
    public long Waiting { get; private set; }

    /// <summary>Nothing waits, and a background GET could start at once.</summary>
    public bool HasRoomInBackground => Queued == 0 && _running < Connections && _runningInBackground < BackgroundConnections;

    /// <summary>Background GETs leave a quarter of the connections to demand, but one may always run.</summary>
    private int BackgroundConnections => Math.Max(1, Connections * 3 / 4);

    public void Enqueue(Fetch fetch)
    {
        fetch.State = FetchState.Queued;
        if (fetch.Priority == FetchPriority.Demand)
        {
            fetch.Place = _demand.AddLast(fetch);
            return;
        }

        fetch.Place = _background.AddLast(fetch);
        Waiting += fetch.Range.Length;
    }

    /// <summary>
    /// Moves a background GET that still waits behind the demand ones, because somebody came to wait for it (7). One that runs
    /// stays what it was: it is as quick as it gets.
    /// </summary>
    public void Promote(Fetch fetch)
    {
        if (fetch.State != FetchState.Queued || fetch.Priority == FetchPriority.Demand)
            return;
        Leave(fetch);
        fetch.Priority = FetchPriority.Demand;
        Enqueue(fetch);
    }

    /// <summary>The next GET to run, which now counts as running until <see cref="Finish"/>; null while none may start.</summary>
    public Fetch? TryStart()
    {
        if (_running >= Connections)
            return null;
        var fetch = _demand.First?.Value;
        if (fetch is null && _runningInBackground < BackgroundConnections)
            fetch = _background.First?.Value;
        if (fetch is null)
            return null;
        Leave(fetch);
        fetch.State = FetchState.Running;
        _running++;
        if (fetch.Priority == FetchPriority.Background)
            _runningInBackground++;
        return fetch;
    }

    /// <summary>Gives the connection of a GET back, however it ended.</summary>
    public void Finish(Fetch fetch)
    {
        fetch.State = FetchState.Done;
        _running--;
        if (fetch.Priority == FetchPriority.Background)
            _runningInBackground--;
    }

    /// <summary>
    /// Takes out the background GET that has waited longest while more than <paramref name="most"/> bytes wait (10); null when
    /// there is room. It will not run: its blocks are absent again. Nobody waits for it, or it would have been promoted.
    /// </summary>
    public Fetch? TryDrop(long most)
    {
        if (Waiting <= most || _background.First is not { Value: var fetch })
            return null;
        Leave(fetch);
        fetch.State = FetchState.Done;
        return fetch;
    }

    private void Leave(Fetch fetch)
    {
        if (fetch.Place is not { List: { } list } place)
            throw new InvalidOperationException($"The GET of {fetch.Range} does not wait.");
        list.Remove(place);
        fetch.Place = null;
        if (fetch.Priority == FetchPriority.Background)
            Waiting -= fetch.Range.Length;
    }
}
