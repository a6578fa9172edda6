using System.Net;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.Http;

/// <summary>Looking the object up: HEAD, and a ranged GET of one byte where HEAD is refused or does not tell enough.</summary>
public sealed partial class HttpObjectStore
{
    /// <exception cref="ObjectStoreException">
    /// <see cref="ObjectStoreError.BadAnswer"/>: the server does not support ranges, or does not tell the object's size.
    /// </exception>
    public async ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        if (key != Key)
            return null;
        if (versionId is not null)
            throw Error(ObjectStoreError.Invalid, "a web server knows no versions; leave the version out");
        if ((await HeadAsync(cancellationToken) ?? await ProbeAsync(cancellationToken)) is not { } state)
            return null;

        if (Interlocked.CompareExchange(ref _opened, state, null) is null && state is { ETag: null, LastModified: null })
            LogUnpinned(_logger, ObjectName);
        return new ObjectInfo
        {
            Key = Key,
            Size = state.Size ?? throw Error(ObjectStoreError.BadAnswer, "the server does not tell the object's size"),
            ETag = state.ETag,
            ContentType = state.ContentType,
            LastModified = state.Modified,
        };
    }

    /// <summary>
    /// What HEAD says; null where it says too little. No refusal counts: a URL presigned for GET answers 403, others 404,
    /// 405 or 501, so the GET that follows decides.
    /// </summary>
    private async ValueTask<HttpObjectState?> HeadAsync(CancellationToken cancellationToken)
    {
        using var response = await _requests.SendAsync(() => Request(HttpMethod.Head), cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK || HttpObjectState.OfWhole(response) is not { Size: { } size } state)
            return null;
        var ranges = response.Headers.AcceptRanges;
        if (ranges.Contains("none"))
            throw NoRanges();
        // An empty object has no range to ask for; for any other one that the server is silent about, the GET shows it.
        return size == 0 || ranges.Contains("bytes") ? state : null;
    }

    /// <summary>Asks for the first byte, whose Content-Range tells the size. Null: no such object.</summary>
    private async ValueTask<HttpObjectState?> ProbeAsync(CancellationToken cancellationToken)
    {
        var first = new ObjectRange(0, 1);
        using var response = await _requests.SendAsync(() => Get(first, etag: null), cancellationToken);
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                var state = HttpObjectState.OfRange(response);
                var pin = new ObjectPin(Key, state.ETag, null);
                await using (var body = await _ranges.OpenAsync(response, ObjectName, pin, first, cancellationToken))
                    await body.ReadExactlyAsync(new byte[1], cancellationToken);
                return state;
            case HttpStatusCode.RequestedRangeNotSatisfiable when HttpObjectState.OfRange(response) is { Size: 0 } empty:
                return empty;
            case HttpStatusCode.OK when HttpObjectState.OfWhole(response) is { Size: 0 } empty:
                return empty;
            case HttpStatusCode.OK:
                throw NoRanges();
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                return null;
            default:
                throw StatusFailure.From(response, ObjectName);
        }
    }

    private ObjectStoreException NoRanges() => Error(
        ObjectStoreError.BadAnswer,
        "the server does not support ranged requests, so it cannot be read at any offset; download the file and serve it from disk");

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Object}: the server gives neither ETag nor Last-Modified; "
            + "if the file is replaced by another of the same size, that will go unnoticed")]
    private static partial void LogUnpinned(ILogger logger, string @object);
}
