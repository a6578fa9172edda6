using System.Buffers;
using System.Runtime.CompilerServices;

namespace Becket.Objects;

/// <summary>
/// A store over another one that counts what goes there: <see cref="Totals"/> that are always there, and
/// <see cref="StoreMetrics"/> for whoever listens. Stands directly over the store that sends, below whatever repeats requests,
/// so that it sees every one. Owns the store below.
/// </summary>
/// <remarks>A request that the store corrects and sends once more (a region learnt, a clock, a redirect) is counted once.</remarks>
public sealed partial class MeteredObjectStore(IObjectStore inner, TimeProvider time) : ObjectStoreFilter(inner)
{
    private const int ObjectsPerPage = 1000;

    private readonly KeyValuePair<string, object?> _store = StoreMetrics.StoreTag(inner.Name);
    private readonly LatencyHistogram _firstByte = new();
    private readonly long[] _requests = new long[Enum.GetValues<StoreOperation>().Length];
    private long _errors;
    private long _received;
    private long _sent;

    /// <summary>What was counted until now. Cheap enough to ask every second.</summary>
    public StoreTotals Totals => new()
    {
        Gets = Requests(StoreOperation.Get),
        Heads = Requests(StoreOperation.Head),
        Puts = Requests(StoreOperation.Put),
        Lists = Requests(StoreOperation.List),
        Deletes = Requests(StoreOperation.Delete),
        Errors = Interlocked.Read(ref _errors),
        BytesReceived = Interlocked.Read(ref _received),
        BytesSent = Interlocked.Read(ref _sent),
        FirstByteMedian = _firstByte.Percentile(0.5),
        FirstBytePercentile99 = _firstByte.Percentile(0.99),
    };

    public override ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken) => MeasureAsync(
        StoreOperation.Head,
        (Inner, key, versionId, cancellationToken),
        static call => call.Inner.HeadAsync(call.key, call.versionId, call.cancellationToken));

    public override async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        var started = Begin(StoreOperation.Get);
        Stream body;
        try
        {
            body = await Inner.OpenReadAsync(pin, range, cancellationToken);
        }
        catch (Exception e)
        {
            Fail(StoreOperation.Get, e, started);
            throw;
        }
        _firstByte.Add(Succeed(StoreOperation.Get, started));
        return new Body(this, body);
    }

    /// <summary>Counted as the HEAD that it is.</summary>
    public override ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        MeasureAsync(
            StoreOperation.Head,
            (Inner, pin, part, cancellationToken),
            static call => call.Inner.GetChecksumsAsync(call.pin, call.part, call.cancellationToken));

    public override async ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken)
    {
        var etag = await MeasureAsync(
            StoreOperation.Put,
            (Inner, key, body, condition, cancellationToken),
            static call => call.Inner.PutAsync(call.key, call.body, call.condition, call.cancellationToken));
        Interlocked.Add(ref _sent, body.Length);
        StoreMetrics.RecordBytes(_store, StoreOperation.Put, body.Length);
        return etag;
    }

    public override async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => await MeasureAsync(
        StoreOperation.Delete,
        (Inner, key, cancellationToken),
        static async call =>
        {
            await call.Inner.DeleteAsync(call.key, call.cancellationToken);
            return true;
        });

    /// <summary>Counts a request for every thousand objects, which is how many fit a page.</summary>
    public override async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var objects = Inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        for (long listed = 0; ; listed++)
        {
            var isPage = listed % ObjectsPerPage == 0;
            var started = isPage ? Begin(StoreOperation.List) : time.GetTimestamp();
            bool any;
            try
            {
                any = await objects.MoveNextAsync();
            }
            catch (Exception e)
            {
                Fail(StoreOperation.List, e, started);
                throw;
            }
            if (isPage)
                Succeed(StoreOperation.List, started);
            if (!any)
                yield break;
            yield return objects.Current;
        }
    }

    private async ValueTask<T> MeasureAsync<TCall, T>(StoreOperation operation, TCall call, Func<TCall, ValueTask<T>> ask)
    {
        var started = Begin(operation);
        T answer;
        try
        {
            answer = await ask(call);
        }
        catch (Exception e)
        {
            Fail(operation, e, started);
            throw;
        }
        Succeed(operation, started);
        return answer;
    }

    private long Requests(StoreOperation operation) => Interlocked.Read(ref _requests[(int)operation]);

    private long Begin(StoreOperation operation)
    {
        Interlocked.Increment(ref _requests[(int)operation]);
        return time.GetTimestamp();
    }

    private TimeSpan Succeed(StoreOperation operation, long started)
    {
        var duration = time.GetElapsedTime(started);
        StoreMetrics.RecordSuccess(_store, operation, duration);
        return duration;
    }

    private void Fail(StoreOperation operation, Exception error, long started)
    {
        CountError(error);
        StoreMetrics.RecordFailure(_store, operation, error, time.GetElapsedTime(started));
    }

    private void CountError(Exception error)
    {
        if (error is not OperationCanceledException)
            Interlocked.Increment(ref _errors);
    }
}
