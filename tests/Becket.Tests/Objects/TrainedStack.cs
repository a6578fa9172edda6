using System.Buffers;
using Becket.Objects;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects;

/// <summary>
/// A hedging store that knows how long openings take, over a gate at which they wait from now on, over a store with faults; on a
/// clock that the test turns. Disposing waits for the losers.
/// </summary>
internal sealed record TrainedStack(
    HedgingObjectStore Store, GatedObjectStore Gate, FaultyObjectStore Faulty, FakeTimeProvider Time, TemporaryFolder Folder)
    : IAsyncDisposable
{
    /// <summary>How long an opening took in the training.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(20);

    /// <summary>What is read of the object.</summary>
    public static readonly ObjectRange Range = new(10, 1000);

    public required ObjectPin Pin { get; init; }

    /// <summary>The whole object.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>Opens so many times, each taking the same time; the faults, one for each call, come after that.</summary>
    public static async Task<TrainedStack> CreateAsync(
        int openings = 32, TimeSpan? latency = null, HedgePolicy? policy = null, params Fault?[] faults)
    {
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        var folder = new TemporaryFolder();
        var store = new FolderObjectStore(folder.Path);
        var token = TestContext.Current.CancellationToken;
        var etag = await store.PutAsync("disk.img", new ReadOnlySequence<byte>(bytes), PutCondition.Always, token);
        var rest = new Queue<Fault?>(faults);
        var time = new FakeTimeProvider();
        var training = true;
        var faulty = new FaultyObjectStore(store, _ =>
        {
            if (training)
                time.Advance(latency ?? Usual);
            return !training && rest.TryDequeue(out var fault) ? fault : null;
        });
        var gate = new GatedObjectStore(faulty) { IsOpen = true };
        var hedging = new HedgingObjectStore(gate, policy ?? new HedgePolicy(), time);
        var stack = new TrainedStack(hedging, gate, faulty, time, folder)
        {
            Pin = new ObjectPin("disk.img", etag, null),
            Bytes = bytes,
        };
        for (var i = 0; i < openings; i++)
            await (await stack.OpenAsync(token)).DisposeAsync();
        (training, gate.IsOpen) = (false, false);
        return stack;
    }

    public Task<Stream> OpenAsync(CancellationToken cancellationToken) => Store.OpenReadAsync(Pin, Range, cancellationToken).AsTask();

    /// <summary>An opening that is late, and both of its GETs. The token is the opening's, the test's own if there is none.</summary>
    public async Task<(Task<Stream> Opening, Opening First, Opening Second)> OpenLateAsync(CancellationToken? cancellationToken = null)
    {
        var token = TestContext.Current.CancellationToken;
        var opening = OpenAsync(cancellationToken ?? token);
        var first = await Gate.NextAsync(token);
        Time.Advance(Usual * 3);
        return (opening, first, await Gate.NextAsync(token));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Folder.Dispose();
    }
}
