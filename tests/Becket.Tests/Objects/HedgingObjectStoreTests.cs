using System.Buffers;
using Becket.DevS3;
using Becket.Objects;
using Becket.Objects.S3;
using Becket.Tests.Objects.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects;

public sealed class HedgingObjectStoreTests : ObjectStoreContract
{
    private static readonly HedgePolicy Policy = new();
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(20);
    private static readonly ObjectRange Range = new(10, 1000);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly byte[] _bytes = Bytes(100_000);

    protected override string NoArbitraryKeys => "a file and a folder cannot have the same name";

    // No opening has time to be quick: every one that does not answer at once is hedged as long as the budget lasts.
    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(new HedgingObjectStore(
        new FolderObjectStore(_folder.Path),
        new HedgePolicy { FirstSamples = 0, Floor = TimeSpan.Zero, Percentile = 0.01, Medians = 0, Share = 1 },
        TimeProvider.System));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_late_opening_gets_a_second_GET_whose_answer_wins()
    {
        await using var stack = await TrainedAsync();
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(Usual * 2 - TimeSpan.FromMilliseconds(1)); // twice the median: not late yet
        Assert.False(stack.Gate.AnyWaiting);
        _time.Advance(TimeSpan.FromMilliseconds(10));

        var second = await stack.Gate.NextAsync(Cancelled);
        Assert.Equal(Range, second.Range);
        second.Answer();
        await using (var body = await opening)
            Assert.Equal(_bytes[10..1010], await ReadAsync(body));
        Assert.True(first.IsCancelled);
        Assert.False(second.IsCancelled);
        Assert.Equal((1, 1), (stack.Store.Hedges, stack.Store.HedgesWon));
        first.EndCancelled();
    }

    [Fact]
    public async Task The_original_wins_when_it_answers_first()
    {
        await using var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        first.Answer();
        await using (var body = await opening)
            Assert.Equal(_bytes[10..1010], await ReadAsync(body));
        Assert.True(second.IsCancelled);
        Assert.False(first.IsCancelled);
        Assert.Equal((1, 0), (stack.Store.Hedges, stack.Store.HedgesWon));
        second.EndCancelled();
    }

    [Fact]
    public async Task A_losers_body_that_comes_all_the_same_is_disposed()
    {
        var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        second.Answer();
        await using (await opening)
        {
            Assert.Equal(1, stack.Faulty.OpenBodies);
            first.Answer();
            await stack.DisposeAsync(); // waits for the loser
            Assert.Equal(1, stack.Faulty.OpenBodies);
        }
        Assert.Equal(0, stack.Faulty.OpenBodies);
        Assert.Equal(Policy.FirstSamples + 2, stack.Faulty.Calls.Count);
    }

    [Fact]
    public async Task Disposing_waits_for_the_loser()
    {
        var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        second.Answer();
        await (await opening).DisposeAsync();
        var disposing = stack.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        first.EndCancelled();
        await disposing;
    }

    [Fact]
    public async Task A_first_GET_that_fails_waits_for_the_second()
    {
        await using var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        first.Fail(Failure("first"));
        Assert.False(second.IsCancelled);
        second.Answer();
        await using var body = await opening;
        Assert.Equal(_bytes[10..1010], await ReadAsync(body));
    }

    [Fact]
    public async Task A_second_GET_that_fails_leaves_the_first_alone()
    {
        await using var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        second.Fail(Failure("second"));
        Assert.False(first.IsCancelled);
        first.Answer();
        await using var body = await opening;
        Assert.Equal(_bytes[10..1010], await ReadAsync(body));
        Assert.Equal(0, stack.Store.HedgesWon);
    }

    [Fact]
    public async Task If_both_fail_the_earlier_failure_is_told()
    {
        await using var stack = await TrainedAsync();
        var (opening, first, second) = await HedgedAsync(stack);
        second.Fail(Failure("second"));
        first.Fail(Failure("first"));
        Assert.Equal("second", (await Assert.ThrowsAsync<ObjectStoreException>(() => opening)).Message);
    }

    [Fact]
    public async Task A_failure_that_comes_in_time_is_passed_on_without_a_second_GET()
    {
        await using var stack = await TrainedAsync();
        var opening = stack.OpenAsync(Cancelled);
        (await stack.Gate.NextAsync(Cancelled)).Fail(Failure("at once"));
        Assert.Equal("at once", (await Assert.ThrowsAsync<ObjectStoreException>(() => opening)).Message);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(stack.Gate.AnyWaiting);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_both()
    {
        await using var stack = await TrainedAsync();
        using var source = new CancellationTokenSource();
        var (opening, first, second) = await HedgedAsync(stack, source.Token);
        await source.CancelAsync();
        Assert.True(first.IsCancelled && second.IsCancelled);
        first.EndCancelled();
        second.EndCancelled();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    [Fact]
    public async Task Nothing_is_late_before_enough_openings_are_known()
    {
        await using var stack = await TrainedAsync(Policy.FirstSamples - 1);
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(stack.Gate.AnyWaiting);
        first.Answer();
        await (await opening).DisposeAsync();
        Assert.Equal(0, stack.Store.Hedges);
    }

    [Fact]
    public async Task On_a_quick_store_nothing_is_late_before_the_floor()
    {
        await using var stack = await TrainedAsync(latency: TimeSpan.Zero);
        var opening = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(Policy.Floor - TimeSpan.FromTicks(1));
        Assert.False(stack.Gate.AnyWaiting);
        _time.Advance(TimeSpan.FromTicks(1));
        (await stack.Gate.NextAsync(Cancelled)).Answer();
        await (await opening).DisposeAsync();
        first.EndCancelled();
    }

    [Fact]
    public async Task Of_ten_thousand_openings_half_of_them_late_three_percent_get_a_second_GET()
    {
        await using var stack = await TrainedAsync(policy: new HedgePolicy { Percentile = 0.4, Medians = 0 });
        for (var i = 0; i < 10_000; i += 2)
        {
            stack.Gate.IsOpen = true;
            await (await stack.OpenAsync(Cancelled)).DisposeAsync();
            stack.Gate.IsOpen = false;
            var opening = stack.OpenAsync(Cancelled);
            var first = await stack.Gate.NextAsync(Cancelled);
            _time.Advance(Usual * 10);
            first.Answer();
            await (await opening).DisposeAsync();
            if (stack.Gate.AnyWaiting)
                (await stack.Gate.NextAsync(Cancelled)).EndCancelled();
        }
        var openings = 10_000 + Policy.FirstSamples;
        var most = (int)(openings * Policy.Share) + Policy.FirstBurst;
        Assert.InRange(stack.Store.Hedges, most - 1, most);
        Assert.Equal(openings, stack.Faulty.Calls.Count); // the losers never reached the store
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    [Fact]
    public async Task A_store_that_gets_slow_as_a_whole_gets_no_more_than_a_burst_of_second_GETs()
    {
        await using var stack = await TrainedAsync(openings: 1000);
        var openings = new List<Task<Stream>>();
        var waiting = new List<Opening>();
        for (var i = 0; i < 200; i++)
        {
            openings.Add(stack.OpenAsync(Cancelled));
            waiting.Add(await stack.Gate.NextAsync(Cancelled));
        }
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Policy.Burst, stack.Store.Hedges);
        waiting.ForEach(opening => opening.Answer());
        foreach (var opening in openings)
            await (await opening).DisposeAsync();
        while (stack.Gate.AnyWaiting)
            (await stack.Gate.NextAsync(Cancelled)).EndCancelled();

        // By now the store is known to be slow: the same wait is not late any more.
        var last = stack.OpenAsync(Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(stack.Gate.AnyWaiting);
        first.Answer();
        await (await last).DisposeAsync();
    }

    [Fact]
    public async Task A_body_that_breaks_after_a_second_GET_won_is_resumed_from_the_byte_it_reached()
    {
        await using var stack = await TrainedAsync(faults: Fault.Break(300));
        await using var store = new RetryingObjectStore(
            stack.Store, new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero }, _time, NullLogger.Instance);
        var opening = store.OpenReadAsync(stack.Pin, Range, Cancelled).AsTask();
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(Usual * 3);
        (await stack.Gate.NextAsync(Cancelled)).Answer();
        first.EndCancelled();
        stack.Gate.IsOpen = true;
        await using (var body = await opening)
            Assert.Equal(_bytes[10..1010], await ReadAsync(body));
        Assert.Equal(new ObjectRange(310, 700), stack.Faulty.Calls.Last().Range);
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    [Fact]
    public async Task The_stall_time_out_above_ends_both_and_the_deadline_holds()
    {
        await using var stack = await TrainedAsync();
        await using var store = new RetryingObjectStore(
            stack.Store, new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero }, _time, NullLogger.Instance);
        var opening = store.OpenReadAsync(stack.Pin, Range, Cancelled).AsTask();
        var waiting = new List<Opening>();
        foreach (var seconds in new[] { 8, 8, 8, 1 })
        {
            waiting.Add(await stack.Gate.NextAsync(Cancelled));
            Assert.False(opening.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(50));
            if (stack.Gate.AnyWaiting)
                waiting.Add(await stack.Gate.NextAsync(Cancelled));
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(50));
            Assert.All(waiting, attempt => Assert.True(attempt.IsCancelled));
            waiting.ForEach(attempt => attempt.EndCancelled());
        }
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => opening);
        Assert.Contains("in 25.0 s", e.Message);
        Assert.Equal(4 + stack.Store.Hedges, waiting.Count);
        Assert.InRange(stack.Store.Hedges, 1, 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_reads_through_random_faults_return_every_byte_and_leave_no_body_open(int seed)
    {
        var etag = await PutAsync("disk.img", _bytes);
        var faulty = FaultyObjectStore.Seeded(new FolderObjectStore(_folder.Path), seed, rate: 0.3);
        var eager = new HedgePolicy { FirstSamples = 0, Floor = TimeSpan.Zero, Percentile = 0.01, Medians = 0, Share = 1 };
        await using (var store = new RetryingObjectStore(
            new HedgingObjectStore(faulty, eager, TimeProvider.System),
            new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero, MaximumAttempts = 100 },
            TimeProvider.System,
            NullLogger.Instance))
        {
            await Parallel.ForAsync(0, 300, Cancelled, async (i, token) =>
            {
                var random = new Random(seed * 1000 + i);
                var range = new ObjectRange(random.Next(80_000), 1 + random.Next(20_000));
                await using var body = await store.OpenReadAsync(new ObjectPin("disk.img", etag, null), range, token);
                Assert.Equal(_bytes[(int)range.Offset..(int)(range.Last + 1)], await ReadAsync(body));
            });
        }
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_request_that_S3_holds_back_is_overtaken()
    {
        Directory.CreateDirectory(_folder["bucket"]);
        await using var server = await DevS3Server.StartAsync(
            new DevS3Options { Folder = _folder.Path, AccessKey = "BECKETTESTKEY", SecretKey = "secret", Faults = new DevS3Faults() },
            Cancelled);
        var s3 = new S3ObjectStore(
            new S3Options { Bucket = "bucket", EndpointUrl = server.Endpoint },
            new FixedCredentials(new S3Credentials("BECKETTESTKEY", "secret", SessionToken: null)),
            S3Loopback.Http,
            TimeProvider.System,
            NullLogger.Instance);
        await using var store = new HedgingObjectStore(s3, Policy, TimeProvider.System);
        var etag = await store.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var pin = new ObjectPin("disk.img", etag, null);
        for (var i = 0; i < Policy.FirstSamples; i++)
            await (await store.OpenReadAsync(pin, Range, Cancelled)).DisposeAsync();

        var hedgesBefore = store.HedgesWon;
        var held = TimeSpan.FromMinutes(10); // nobody waits for that
        server.Faults.Add(new FaultRule(Becket.DevS3.FaultKind.Latency) { Times = 1, MinimumLatency = held, MaximumLatency = held });
        await using var body = await store.OpenReadAsync(pin, Range, Cancelled);
        Assert.Equal(_bytes[10..1010], await ReadAsync(body));
        Assert.Equal(hedgesBefore + 1, store.HedgesWon);
    }

    private static ObjectStoreException Failure(string message) => new(ObjectStoreError.Unavailable, message) { IsTransient = true };

    private static async Task<byte[]> ReadAsync(Stream body)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, Cancelled);
        return bytes.ToArray();
    }

    /// <summary>A store that knows how long openings take; from now on they wait at the gate.</summary>
    private async Task<Stack> TrainedAsync(int openings = 32, TimeSpan? latency = null, HedgePolicy? policy = null, params Fault?[] faults)
    {
        var folder = new FolderObjectStore(_folder.Path);
        var etag = await folder.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var rest = new Queue<Fault?>(faults);
        var training = true;
        var faulty = new FaultyObjectStore(folder, _ =>
        {
            if (training)
                _time.Advance(latency ?? Usual);
            return !training && rest.TryDequeue(out var fault) ? fault : null;
        });
        var gate = new GatedObjectStore(faulty) { IsOpen = true };
        var stack = new Stack(new HedgingObjectStore(gate, policy ?? Policy, _time), gate, faulty, new ObjectPin("disk.img", etag, null));
        for (var i = 0; i < openings; i++)
            await (await stack.OpenAsync(Cancelled)).DisposeAsync();
        (training, gate.IsOpen) = (false, false);
        return stack;
    }

    /// <summary>An opening that is late, and both of its GETs.</summary>
    private async Task<(Task<Stream> Opening, Opening First, Opening Second)> HedgedAsync(
        Stack stack, CancellationToken? cancellationToken = null)
    {
        var opening = stack.OpenAsync(cancellationToken ?? Cancelled);
        var first = await stack.Gate.NextAsync(Cancelled);
        _time.Advance(Usual * 3);
        return (opening, first, await stack.Gate.NextAsync(Cancelled));
    }

    private sealed record Stack(HedgingObjectStore Store, GatedObjectStore Gate, FaultyObjectStore Faulty, ObjectPin Pin) : IAsyncDisposable
    {
        public Task<Stream> OpenAsync(CancellationToken cancellationToken) => Store.OpenReadAsync(Pin, Range, cancellationToken).AsTask();

        public ValueTask DisposeAsync() => Store.DisposeAsync();
    }
}
