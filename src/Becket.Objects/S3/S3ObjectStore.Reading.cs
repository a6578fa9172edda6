using System.Globalization;
using System.Net;
using Becket.Objects.Http;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.S3;

public sealed partial class S3ObjectStore
{
    private readonly RangeTrust _ranges = new();
    private volatile bool _readsByVersionRefused;

    /// <summary>
    /// Looks an object up. What HEAD refuses is asked again with a ranged GET of one byte: the answer to HEAD has no
    /// body that could tell why, and some may GET but not HEAD.
    /// </summary>
    public async ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        var request = new S3Request(HttpMethod.Head, S3Operation.Read) { Key = key, VersionId = versionId };
        var answer = await SendAsync(request, cancellationToken);
        if (answer.Refusal is { Status: < HttpStatusCode.InternalServerError and not HttpStatusCode.TooManyRequests })
            answer = await SendAsync(request with { Method = HttpMethod.Get, Range = new ObjectRange(0, 1) }, cancellationToken);
        if (answer.Refusal is not null)
            return answer.Failure is { Error: ObjectStoreError.NotFound } ? null : throw answer.Failure;

        using var response = answer.Response;
        return new ObjectInfo
        {
            Key = key,
            Size = SizeOf(response, Subject(request)),
            ETag = EntityTag.Of(response),
            VersionId = VersionOf(response) ?? versionId,
            ContentType = Text(response.Content.Headers.NonValidated, "Content-Type"),
            LastModified = response.Content.Headers.LastModified,
        };
    }

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        var versionId = _readsByVersionRefused && pin.ETag is not null ? null : pin.VersionId;
        var request = new S3Request(HttpMethod.Get, S3Operation.Read)
        {
            Key = pin.Key,
            VersionId = versionId,
            Range = range,
            IfMatch = pin.ETag,
        };
        var answer = await SendAsync(request, cancellationToken);
        if (answer.Refusal is { Status: HttpStatusCode.Forbidden } && versionId is not null && pin.ETag is not null)
            answer = await ReadWithoutVersionAsync(request, answer, cancellationToken);

        var response = answer.Response;

        // In S3 this is a property that somebody gave the object: its bytes come as they were put, whatever it says.
        response.Content.Headers.Remove("Content-Encoding");
        return await _ranges.OpenAsync(response, Subject(request), pin, range, cancellationToken);
    }

    /// <summary>
    /// In a bucket with versions the version was learnt from HEAD, but reading by version needs s3:GetObjectVersion,
    /// which many who may read the object do not have. The ETag alone pins its bytes as well; what is lost is only that
    /// the object could still be read after it was replaced.
    /// </summary>
    private async ValueTask<S3Answer> ReadWithoutVersionAsync(S3Request request, S3Answer refused, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(request with { VersionId = null }, cancellationToken);
        if (answer.Refusal is not null)
            return refused;
        if (!_readsByVersionRefused)
            LogReadsByVersionRefused(_logger, Name);
        _readsByVersionRefused = true;
        return answer;
    }

    private static long SizeOf(HttpResponseMessage response, string subject)
    {
        var size = response.StatusCode switch
        {
            HttpStatusCode.OK when response.RequestMessage?.Method == HttpMethod.Get => throw new ObjectStoreException(
                ObjectStoreError.BadAnswer,
                $"{subject}: the server ignored the range and sent the whole object; it does not support ranged requests"),
            HttpStatusCode.OK => response.Content.Headers.ContentLength,
            HttpStatusCode.PartialContent => ContentRange.Of(response)?.Total,
            HttpStatusCode.RequestedRangeNotSatisfiable => 0, // not even a first byte
            _ => null,
        };
        return size ?? throw new ObjectStoreException(
            ObjectStoreError.BadAnswer,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{subject}: the server's answer {(int)response.StatusCode} does not tell the object's size"));
    }

    /// <remarks>A bucket whose versioning was suspended says "null"; asking for that version would need a permission for nothing.</remarks>
    private static string? VersionOf(HttpResponseMessage response) =>
        Text(response.Headers.NonValidated, "x-amz-version-id") is { } version and not "null" ? version : null;

    private static string? Text(System.Net.Http.Headers.HttpHeadersNonValidated headers, string name) =>
        headers.TryGetValues(name, out var values) && values.ToString() is { Length: > 0 } text ? text : null;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Bucket}: reading by version is not permitted (s3:GetObjectVersion); "
            + "reading the current version, which the ETag still pins")]
    private static partial void LogReadsByVersionRefused(ILogger logger, string bucket);
}
