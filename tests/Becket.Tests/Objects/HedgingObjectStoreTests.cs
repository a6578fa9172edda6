using System.Buffers;
using Becket.DevS3;
using Becket.Objects;
using Becket.Objects.S3;
using Becket.Tests.Objects.S3;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Objects;

/// <summary>What every store promises, with every opening hedged; and hedging where it belongs, below retries and above S3.</summary>
public sealed class HedgingObjectStoreTests : ObjectStoreContract
{
    private readonly TemporaryFolder _folder = new();
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
    public async Task A_body_that_breaks_after_a_second_GET_won_is_resumed_from_the_byte_it_reached()
    {
        await using var stack = await TrainedStack.CreateAsync(faults: Fault.Break(300));
        await using var store = new RetryingObjectStore(
            stack.Store, new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero }, stack.Time, NullLogger.Instance);
        var opening = store.OpenReadAsync(stack.Pin, TrainedStack.Range, Cancelled).AsTask();
        var first = await stack.Gate.NextAsync(Cancelled);
        stack.Time.Advance(TrainedStack.Usual * 3);
        (await stack.Gate.NextAsync(Cancelled)).Answer();
        first.EndCancelled();
        stack.Gate.IsOpen = true;
        await using (var body = await opening)
            Assert.Equal(stack.Bytes[10..1010], await body.ReadToEndAsync());
        Assert.Equal(new ObjectRange(310, 700), stack.Faulty.Calls.Last().Range);
        Assert.Equal(0, stack.Faulty.OpenBodies);
    }

    [Fact]
    public async Task The_stall_time_out_above_ends_both_and_the_deadline_holds()
    {
        await using var stack = await TrainedStack.CreateAsync();
        await using var store = new RetryingObjectStore(
            stack.Store, new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero }, stack.Time, NullLogger.Instance);
        var opening = store.OpenReadAsync(stack.Pin, TrainedStack.Range, Cancelled).AsTask();
        var waiting = new List<Opening>();
        foreach (var seconds in new[] { 8, 8, 8, 1 })
        {
            waiting.Add(await stack.Gate.NextAsync(Cancelled));
            Assert.False(opening.IsCompleted);
            stack.Time.Advance(TimeSpan.FromMilliseconds(50));
            if (stack.Gate.AnyWaiting)
                waiting.Add(await stack.Gate.NextAsync(Cancelled));
            stack.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(50));
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
                Assert.Equal(_bytes[(int)range.Offset..(int)(range.Last + 1)], await body.ReadToEndAsync());
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
        var policy = new HedgePolicy();
        await using var store = new HedgingObjectStore(s3, policy, TimeProvider.System);
        var etag = await store.PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var (pin, range) = (new ObjectPin("disk.img", etag, null), new ObjectRange(10, 1000));
        for (var i = 0; i < policy.FirstSamples; i++)
            await (await store.OpenReadAsync(pin, range, Cancelled)).DisposeAsync();

        var hedgesBefore = store.HedgesWon;
        var held = TimeSpan.FromMinutes(10); // nobody waits for that
        server.Faults.Add(new FaultRule(Becket.DevS3.FaultKind.Latency) { Times = 1, MinimumLatency = held, MaximumLatency = held });
        await using var body = await store.OpenReadAsync(pin, range, Cancelled);
        Assert.Equal(_bytes[10..1010], await body.ReadToEndAsync());
        Assert.Equal(hedgesBefore + 1, store.HedgesWon);
    }
}
