using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Becket.DevS3.Protocol;

/// <summary>
/// An HTTP request in the terms of S3: which bucket, which key, which sub-resource. Everything comes from the request
/// target as it was sent: Kestrel's decoded path has lost <c>//</c>, <c>..</c> and the difference that a signature is about.
/// </summary>
internal sealed class S3Request
{
    private S3Request(HttpContext http, string path, RequestQuery query, string bucket, string key) =>
        (Http, Path, Query, Bucket, Key) = (http, path, query, bucket, key);

    public HttpContext Http { get; }

    /// <summary>The path, decoded; with the bucket where the request is path-style.</summary>
    public string Path { get; }

    public RequestQuery Query { get; }

    /// <summary>Empty for a request to the service itself.</summary>
    public string Bucket { get; }

    /// <summary>Empty for a request to a bucket.</summary>
    public string Key { get; }

    public string Method => Http.Request.Method;

    /// <summary>What errors call the resource.</summary>
    public string Resource => Key.Length > 0 ? $"/{Bucket}/{Key}" : $"/{Bucket}";

    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>The value of a header, several of one name joined by commas; null where there is none.</summary>
    public string? Header(string name)
    {
        var values = Http.Request.Headers[name];
        return values.Count == 0 ? null : string.Join(',', values.AsEnumerable());
    }

    /// <exception cref="S3Exception">InvalidURI: the target cannot be decoded.</exception>
    public static S3Request Parse(HttpContext http)
    {
        ReadOnlySpan<char> target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0 && !target[..scheme].Contains('/'))
        {
            // The absolute form that a proxy gets (RFC 9112, 3.2.2).
            int slash = target[(scheme + 3)..].IndexOf('/');
            target = slash < 0 ? "/" : target[(scheme + 3 + slash)..];
        }

        int question = target.IndexOf('?');
        string path = PercentCode.DecodePath(question < 0 ? target : target[..question]);
        var query = new RequestQuery(question < 0 ? [] : target[(question + 1)..]);

        if (VirtualHost(http.Request.Host.Host) is { } hosted)
            return new S3Request(http, path, query, hosted, path.TrimStartOnce('/'));

        string rest = path.TrimStartOnce('/');
        int end = rest.IndexOf('/');
        return end < 0
            ? new S3Request(http, path, query, rest, "")
            : new S3Request(http, path, query, rest[..end], rest[(end + 1)..]);
    }

    /// <summary>The bucket in <c>bucket.localhost</c>; every *.localhost is the loopback interface (RFC 6761, 6.3).</summary>
    private static string? VirtualHost(string host) =>
        host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) ? host[..^".localhost".Length] : null;
}

file static class PathText
{
    public static string TrimStartOnce(this string text, char c) => text.StartsWith(c) ? text[1..] : text;
}
