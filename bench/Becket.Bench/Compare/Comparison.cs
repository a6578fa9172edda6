using System.Globalization;
using Becket.Bench.Compare.Races;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare;

/// <summary>
/// The whole of a comparison: the same objects behind the same proxies for everybody, and rounds in which all peers run
/// each race one after the other, in an order that is drawn anew, so that a slow minute of the machine hits them all.
/// </summary>
internal sealed class Comparison : IAsyncDisposable
{
    /// <summary>How many runs are repeated because the client has crashed, over all races.</summary>
    private const int MostCrashes = 20;

    private static readonly TimeSpan Deadlock = TimeSpan.FromMinutes(10);

    private readonly CompareOptions _options;
    private readonly Peers _peers;
    private readonly IReadOnlyList<Race> _races;
    private readonly Store _store;
    private readonly Images _images;
    private readonly Dictionary<string, Image> _made = new(StringComparer.Ordinal);
    private readonly List<DistantStore> _distances = [];
    private readonly List<Measurement> _measured = [];
    private SampleTree? _tree;
    private int _runs;
    private int _crashes;

    private Comparison(CompareOptions options, Peers peers)
    {
        _options = options;
        _peers = peers;
        _races = Programme.Of(options, peers);
        _store = new Store(options.Account);
        _images = new Images(Directory.CreateDirectory(Path.Combine(options.Work, "images")).FullName);
    }

    public IReadOnlyList<Peer> Everybody => _peers.All;

    /// <summary>All figures so far; after an interruption too.</summary>
    public IReadOnlyList<Measurement> Measured => _measured;

    public static async Task<Comparison> OpenAsync(CompareOptions options, CancellationToken cancellationToken) =>
        new(options, await Peers.FindAsync(options, cancellationToken));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        for (var round = 1; round <= _options.Rounds; round++)
        {
            foreach (var distance in _distances)
            {
                if (_options.Wants("copy"))
                    _measured.Add(await PlainGetsRun.MeasureAsync(distance, _made[Images.Random], round, cancellationToken));
                foreach (var race in _races.Where(race => race.Ground == RaceGround.Store))
                    await RunAsync(race, distance, round, cancellationToken);
            }

            foreach (var race in _races.Where(race => race.Ground == RaceGround.Local))
                await RunAsync(race, _distances[0], round, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var distance in _distances)
            await distance.DisposeAsync();
        _store.Dispose();
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await _store.CreateBucketAsync(cancellationToken);
        foreach (var key in _races.Select(race => race.ImageKey).Distinct())
        {
            var image = _made[key] = await _images.MakeAsync(key, cancellationToken);
            await _store.PutAsync(image, cancellationToken);
        }
        if (_made.Keys.Any(key => key != Images.Random))
            _tree = await _images.GetTreeAsync(cancellationToken);
        foreach (var latency in _options.LatenciesMs)
            _distances.Add(await DistantStore.StartAsync(_options.Account.Endpoint, latency, cancellationToken));
    }

    private async Task RunAsync(Race race, DistantStore distance, int round, CancellationToken cancellationToken)
    {
        var latency = race.Ground == RaceGround.Store ? distance.LatencyMs : -1;
        foreach (var peer in Shuffle(race.Peers))
        {
            // Whoever did not come to the end once would only use up time again.
            if (HasFailed(race, peer, latency))
                continue;

            for (var isDone = false; !isDone;)
            {
                var run = Begin(race, peer, distance, round);
                isDone = await TryRunAsync(race, run, latency, cancellationToken);
                Directory.Delete(run.Order.Folder, recursive: true);
            }
        }
    }

    private RaceRun Begin(Race race, Peer peer, DistantStore distance, int round)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"run{_runs++}");
        var folder = Directory.CreateDirectory(Path.Combine(_options.Work, name)).FullName;
        return new RaceRun(peer, new ServerOrder(distance, _options.Account, _made[race.ImageKey], folder), _tree, _options.Limits, round);
    }

    private bool HasFailed(Race race, Peer peer, int latency) => _measured.Any(earlier =>
        earlier.Row == race.Id && earlier.Peer == peer.Id && earlier.LatencyMs == latency && earlier.Outcome != Outcome.Finished);

    /// <returns>False where the run says nothing of the peer, and is to be repeated.</returns>
    private async Task<bool> TryRunAsync(Race race, RaceRun run, int latency, CancellationToken cancellationToken)
    {
        var distance = run.Order.Store;
        using var deadlock = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadlock.CancelAfter(Deadlock);
        await distance.ResetCountsAsync(deadlock.Token);
        try
        {
            await foreach (var figure in race.RunAsync(run, deadlock.Token))
            {
                var counts = await distance.CountsAsync(deadlock.Token);
                Add(figure with
                {
                    Peer = run.Peer.Id,
                    Round = run.Round,
                    LatencyMs = latency,
                    Requests = counts.Requests,
                    Bytes = counts.Bytes,
                    PeakRequests = counts.PeakInFlight,
                });
            }
            return true;
        }
        catch (ClientCrashException e) when (++_crashes <= MostCrashes)
        {
            Console.Error.WriteLine($"round {run.Round} of {_options.Rounds}, {race.Id}, {run.Peer.Id}: once more, since {e.Message}");
            return false;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            Add(new Measurement(race.Id, Unit.Seconds, 0, Outcome.Failed)
            {
                Peer = run.Peer.Id,
                Round = run.Round,
                LatencyMs = latency,
                Failure = e.Message,
            });
            return true;
        }
    }

    private void Add(Measurement figure)
    {
        _measured.Add(figure);
        var place = figure.LatencyMs < 0 ? "warm" : $"{figure.LatencyMs} ms";
        var outcome = figure.Outcome == Outcome.Finished ? "" : $" ({figure.Outcome} {figure.Failure})";
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"round {figure.Round} of {_options.Rounds}, {place}, {figure.Row}, {figure.Peer}: {figure.Value:g4} {figure.Unit}{outcome}"));
    }

    private static Peer[] Shuffle(IReadOnlyList<Peer> peers)
    {
        var shuffled = peers.ToArray();
        Random.Shared.Shuffle(shuffled);
        return shuffled;
    }
}
