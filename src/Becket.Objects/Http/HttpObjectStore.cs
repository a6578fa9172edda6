using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.Http;

/// <summary>
/// One object behind an http(s) URL, read in ranges: any web server, any presigned link. A store of that one object,
/// <see cref="Key"/>; it cannot be changed or listed.
/// </summary>
/// <remarks>
/// <para>A read is of the pinned object or fails. With a strong ETag, <c>If-Match</c> asks the server and the answer's ETag
/// is compared. A weak ETag never matches in <c>If-Match</c> (RFC 9110, 13.1.1), and some servers give none: then ETag,
/// Last-Modified and total size of every answer are compared with those that this store saw first. So a replaced object
/// goes unnoticed only if the server says the same of both; where it gives neither ETag nor Last-Modified, a warning is
/// logged, since only the size is left.</para>
/// <para>The HTTP client stays the caller's.</para>
/// </remarks>
public sealed partial class HttpObjectStore : IObjectStore
{
    private readonly HttpLocation _location;
    private readonly Redirects _requests;
    private readonly ILogger _logger;
    private readonly RangeTrust _ranges = new();
    private HttpObjectState? _opened;

    /// <exception cref="ObjectStoreException">Not an http or https URL (<see cref="ObjectStoreError.Invalid"/>).</exception>
    public HttpObjectStore(Uri url, HttpMessageInvoker http, ILogger logger)
    {
        _location = new HttpLocation(url);
        _requests = new Redirects(_location, ObjectName, http, logger);
        _logger = logger;
    }

    /// <summary>The server: <c>https://host</c>. No user, password or query.</summary>
    public string Name => _location.Server;

    /// <summary>The URL's path without its first slash; "/" for the root.</summary>
    public string Key => _location.Path;

    private string ObjectName => Key == "/" ? $"{Name}/" : $"{Name}/{Key}";

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        if (pin.Key != Key)
            throw new ObjectStoreException(ObjectStoreError.NotFound, $"{Name}/{pin.Key} is not the object of this URL");

        var response = await _requests.SendAsync(() => Get(range, pin.ETag), cancellationToken);
        try
        {
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent
                or HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable))
                throw StatusFailure.From(response, ObjectName);
            if (response.StatusCode == HttpStatusCode.PartialContent)
                CheckState(HttpObjectState.OfRange(response), pin);
        }
        catch
        {
            response.Dispose();
            throw;
        }
        return await _ranges.OpenAsync(response, ObjectName, pin, range, cancellationToken);
    }

    public ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken) =>
        ValueTask.FromException<string>(ReadOnly());

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => ValueTask.FromException(ReadOnly());

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        throw Error(ObjectStoreError.Invalid, "a web server cannot be listed; name the object's URL");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <remarks>A pin with another ETag is of a later state than the one seen first; its ETag is then what tells.</remarks>
    private void CheckState(HttpObjectState answered, ObjectPin pin)
    {
        var opened = Interlocked.CompareExchange(ref _opened, answered, null) ?? answered;
        if (opened.ETag == pin.ETag && answered.DiffersFrom(opened) is { } difference)
        {
            var reason = $"{ObjectName}: the object was replaced since it was opened ({difference}); open it again to read the new one";
            throw _ranges.Weigh(new ObjectStoreException(ObjectStoreError.Changed, reason) { IsDoubtful = true });
        }
    }

    private static HttpRequestMessage Get(ObjectRange range, string? etag)
    {
        var request = Request(HttpMethod.Get);
        request.Headers.TryAddWithoutValidation("Range", range.ToHeader());
        if (etag is not null && !EntityTag.Parse(etag).IsWeak)
            request.Headers.TryAddWithoutValidation("If-Match", etag);
        return request;
    }

    private static HttpRequestMessage Request(HttpMethod method)
    {
        var request = new HttpRequestMessage { Method = method };
        request.Headers.UserAgent.Add(HttpTransport.UserAgent);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity"); // the object's own bytes are what ranges count
        return request;
    }

    private ObjectStoreException ReadOnly() => Error(ObjectStoreError.Invalid, "an object behind a URL cannot be changed");

    private ObjectStoreException Error(ObjectStoreError error, string reason) => new(error, $"{ObjectName}: {reason}");
}
