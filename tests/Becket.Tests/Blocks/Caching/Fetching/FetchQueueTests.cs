using Becket.Blocks;
using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

public class FetchQueueTests
{
    private readonly FetchQueue _queue = new(connections: 8);

    [Fact]
    public void What_somebody_waits_for_starts_before_what_was_queued_earlier_for_nobody()
    {
        var background = Enqueue(FetchPriority.Background);
        var demand = Enqueue(FetchPriority.Demand);

        Assert.Same(demand, _queue.TryStart());
        Assert.Same(background, _queue.TryStart());
        Assert.Null(_queue.TryStart());
    }

    [Fact]
    public void Gets_of_a_kind_start_in_the_order_in_which_they_came()
    {
        var fetches = Enumerable.Range(0, 4).Select(_ => Enqueue(FetchPriority.Background)).ToList();

        Assert.Equal(fetches, Enumerable.Range(0, 4).Select(_ => _queue.TryStart()));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    [InlineData(8, 6)]
    [InlineData(32, 24)]
    public void The_background_leaves_a_quarter_of_the_connections_to_demand(int connections, int background)
    {
        var queue = new FetchQueue(connections);
        for (var i = 0; i < 2 * connections; i++)
            queue.Enqueue(NewFetch(FetchPriority.Background));

        Assert.Equal(background, StartAll(queue).Count);

        for (var i = 0; i < 2 * connections; i++)
            queue.Enqueue(NewFetch(FetchPriority.Demand));
        Assert.Equal(connections - background, StartAll(queue).Count);
    }

    [Fact]
    public void Demand_may_have_every_connection()
    {
        for (var i = 0; i < 10; i++)
            Enqueue(FetchPriority.Demand);

        Assert.Equal(8, StartAll(_queue).Count);
        Assert.Equal(8, _queue.Running);
        Assert.Equal(2, _queue.Queued);
    }

    [Fact]
    public void A_promoted_get_goes_behind_the_demand_that_is_queued_and_before_the_rest_of_the_background()
    {
        var other = Enqueue(FetchPriority.Background);
        var promoted = Enqueue(FetchPriority.Background);
        var demand = Enqueue(FetchPriority.Demand);

        _queue.Promote(promoted);

        Assert.Equal([demand, promoted, other], StartAll(_queue));
        Assert.Equal(FetchPriority.Demand, promoted.Priority);
    }

    [Fact]
    public void Promoting_a_get_that_runs_or_has_finished_changes_nothing()
    {
        var fetch = Enqueue(FetchPriority.Background);
        _queue.TryStart();
        _queue.Promote(fetch);
        Assert.Equal(FetchPriority.Background, fetch.Priority);

        _queue.Finish(fetch);
        _queue.Promote(fetch);

        Assert.Equal(0, _queue.Queued);
        Assert.Equal(0, _queue.Running);
        Assert.Equal(FetchState.Done, fetch.State);
    }

    [Fact]
    public void A_lower_cap_starts_nothing_until_enough_has_finished()
    {
        for (var i = 0; i < 10; i++)
            Enqueue(FetchPriority.Demand);
        var running = StartAll(_queue);

        _queue.Connections = 2;

        for (var i = 0; i < 6; i++)
        {
            _queue.Finish(running[i]);
            Assert.Null(_queue.TryStart());
        }

        _queue.Finish(running[6]);
        Assert.NotNull(_queue.TryStart());
        Assert.Null(_queue.TryStart());
    }

    [Fact]
    public void The_oldest_of_the_background_is_given_up_when_too_much_waits()
    {
        var oldest = Enqueue(FetchPriority.Background, length: 100);
        var newest = Enqueue(FetchPriority.Background, length: 100);
        var demand = Enqueue(FetchPriority.Demand, length: 1000);

        Assert.Null(_queue.TryDrop(200));
        Assert.Same(oldest, _queue.TryDrop(199));
        Assert.Null(_queue.TryDrop(199));

        Assert.Equal([demand, newest], StartAll(_queue));
    }

    [Fact]
    public void What_was_promoted_is_not_given_up()
    {
        var fetch = Enqueue(FetchPriority.Background);
        _queue.Promote(fetch);

        Assert.Equal(0, _queue.Waiting);
        Assert.Null(_queue.TryDrop(0));
        Assert.Same(fetch, _queue.TryStart());
    }

    [Fact]
    public void Counts_are_right_after_calls_of_every_kind()
    {
        var random = new Random(7);
        var (queued, running) = (new List<Fetch>(), new List<Fetch>());
        for (var i = 0; i < 5000; i++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    queued.Add(Enqueue((FetchPriority)random.Next(2), random.Next(1, 100)));
                    break;
                case 2 when queued.Count > 0:
                    _queue.Promote(queued[random.Next(queued.Count)]);
                    break;
                case 3 when running.Count > 0:
                    _queue.Finish(running[0]);
                    running.RemoveAt(0);
                    break;
                case 4 when _queue.TryDrop(500) is { } dropped:
                    Assert.True(queued.Remove(dropped));
                    Assert.Equal(FetchPriority.Background, dropped.Priority);
                    break;
                default:
                    _queue.Connections = random.Next(1, 12);
                    foreach (var started in StartAll(_queue))
                    {
                        Assert.True(queued.Remove(started));
                        running.Add(started);
                    }

                    break;
            }

            Assert.Equal(queued.Count, _queue.Queued);
            Assert.Equal(running.Count, _queue.Running);
            var background = queued.Where(fetch => fetch.Priority == FetchPriority.Background);
            Assert.Equal(background.Sum(fetch => fetch.Range.Length), _queue.Waiting);
        }
    }

    private static List<Fetch> StartAll(FetchQueue queue)
    {
        var started = new List<Fetch>();
        while (queue.TryStart() is { } fetch)
            started.Add(fetch);
        return started;
    }

    private static Fetch NewFetch(FetchPriority priority, long length = 4096) => new(new ByteRange(0, length), priority);

    private Fetch Enqueue(FetchPriority priority, long length = 4096)
    {
        var fetch = NewFetch(priority, length);
        _queue.Enqueue(fetch);
        return fetch;
    }
}
