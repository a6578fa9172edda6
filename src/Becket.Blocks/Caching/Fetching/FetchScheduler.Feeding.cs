namespace Becket.Blocks.Caching.Fetching;

/// <summary>What is fetched before anybody asks: the feeds, and their rests while the store is in trouble.</summary>
internal sealed partial class FetchScheduler
{
    /// <summary>The first rest, doubled with each further failure in a row.</summary>
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);

    /// <summary>Where the doubling ends.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly List<IFetchFeed> _feeds = [];
    private TimeSpan _nextRest = FirstRest;
    private bool _feedsRest;

    /// <summary>Adds a feed behind those that are there, and starts on it if connections idle.</summary>
    public void Feed(IFetchFeed feed)
    {
        List<Arrival>? startable;
        lock (_cache.Gate)
        {
            _feeds.Add(feed);
            startable = TakeStartable();
        }
        Start(startable);
    }

    /// <summary>Queues a fetch of the feeds if it could start at once; so none of them is ever too much to wait (10).</summary>
    private bool TryFeed()
    {
        if (_feedsRest || !_queue.HasRoomInBackground)
            return false;
        foreach (var feed in _feeds)
        {
            if (feed.Next(this) is not { } range)
                continue;
            Enqueue(range, FetchPriority.Background);
            return true;
        }
        return false;
    }

    /// <summary>
    /// What the end of a GET means for the feeds. After a failure that may pass they rest, so that a store in trouble is asked for
    /// nothing that nobody waits for; then they go back to what did not come. Called under the lock.
    /// </summary>
    private void LearnForFeeds(Arrival arrival, Exception? failure)
    {
        if (failure is null)
        {
            _nextRest = FirstRest;
            return;
        }
        if (failure is not BlockDeviceException { IsTransient: true })
        {
            _feeds.Clear(); // an object that was replaced will not come back: nobody waits for this, and each request costs
            return;
        }
        foreach (var feed in _feeds)
            feed.Return(ByteRange.FromBounds(arrival.Reached, arrival.Range.End));
        if (_feedsRest || _feeds.Count == 0 || _closing.IsCancellationRequested)
            return;
        _feedsRest = true;
        _ = RestAsync(_nextRest);
        _nextRest = _nextRest * 2 < LongestRest ? _nextRest * 2 : LongestRest;
    }

    private async Task RestAsync(TimeSpan time)
    {
        await Task.Delay(time, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        List<Arrival>? startable;
        lock (_cache.Gate)
        {
            _feedsRest = false;
            startable = TakeStartable();
        }
        Start(startable);
    }
}
