using System.Diagnostics.Metrics;

namespace Becket.Objects;

/// <summary>
/// The instruments of <see cref="MeteredObjectStore"/> in <see cref="System.Diagnostics.Metrics"/>, one set for the process; a
/// tag tells stores apart. Nothing is measured for an instrument that nobody listens to.
/// </summary>
/// <remarks>
/// <code>
/// becket.store.requests          {request}  requests that were answered or have failed
/// becket.store.io                By         bytes of bodies that were received (get) or sent (put)
/// becket.store.request.duration  s          time to the answer's head; of a put, with the body's way there
///
/// becket.store.name       every one             the store's name, s3://bucket
/// becket.store.operation  every one             get, head, put, delete, list
/// error.type              of failed requests    not_found, changed, access_denied, unavailable, ..., cancelled, other
/// </code>
/// </remarks>
public static class StoreMetrics
{
    /// <summary>What a listener subscribes to.</summary>
    public const string MeterName = "Becket.Objects";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("becket.store.requests", "{request}", "Requests that were answered or have failed.");

    private static readonly Counter<long> Bytes =
        Meter.CreateCounter<long>("becket.store.io", "By", "Bytes of bodies that were received or sent.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "becket.store.request.duration",
        "s",
        "Time from a request's start to the head of its answer.",
        tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [1e-3, 2.5e-3, 5e-3, 0.01, 0.015, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        });

    private static readonly KeyValuePair<string, object?>[] OperationTags =
        [.. Enum.GetValues<StoreOperation>().Select(static o => new KeyValuePair<string, object?>("becket.store.operation", Name(o)))];

    internal static KeyValuePair<string, object?> StoreTag(string name) => new("becket.store.name", name);

    internal static void RecordSuccess(KeyValuePair<string, object?> store, StoreOperation operation, TimeSpan duration)
    {
        var verb = OperationTags[(int)operation];
        Requests.Add(1, store, verb);
        Duration.Record(duration.TotalSeconds, store, verb);
    }

    internal static void RecordFailure(KeyValuePair<string, object?> store, StoreOperation operation, Exception error, TimeSpan duration)
    {
        var verb = OperationTags[(int)operation];
        var type = new KeyValuePair<string, object?>("error.type", ErrorType(error));
        Requests.Add(1, store, verb, type);
        Duration.Record(duration.TotalSeconds, store, verb, type);
    }

    internal static void RecordBytes(KeyValuePair<string, object?> store, StoreOperation operation, long bytes) =>
        Bytes.Add(bytes, store, OperationTags[(int)operation]);

    private static string Name(StoreOperation operation) => operation switch
    {
        StoreOperation.Get => "get",
        StoreOperation.Head => "head",
        StoreOperation.Put => "put",
        StoreOperation.Delete => "delete",
        _ => "list",
    };

    private static string ErrorType(Exception error) => error switch
    {
        OperationCanceledException => "cancelled",
        ObjectStoreException { Error: ObjectStoreError.NotFound } => "not_found",
        ObjectStoreException { Error: ObjectStoreError.BucketNotFound } => "bucket_not_found",
        ObjectStoreException { Error: ObjectStoreError.Changed } => "changed",
        ObjectStoreException { Error: ObjectStoreError.PreconditionFailed } => "precondition_failed",
        ObjectStoreException { Error: ObjectStoreError.AccessDenied } => "access_denied",
        ObjectStoreException { Error: ObjectStoreError.NoCredentials } => "no_credentials",
        ObjectStoreException { Error: ObjectStoreError.Unavailable } => "unavailable",
        ObjectStoreException { Error: ObjectStoreError.Certificate } => "certificate",
        ObjectStoreException { Error: ObjectStoreError.BadAnswer } => "bad_answer",
        ObjectStoreException { Error: ObjectStoreError.Invalid } => "invalid",
        _ => "other",
    };
}
