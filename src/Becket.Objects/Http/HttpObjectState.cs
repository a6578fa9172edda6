using System.Globalization;

namespace Becket.Objects.Http;

/// <summary>
/// What one answer of a web server says of an object's identity. Two answers with the same state are taken to be of the same bytes.
/// </summary>
/// <param name="Size">Bytes of the whole object; null where the answer does not say.</param>
/// <param name="ETag">As sent.</param>
/// <param name="LastModified">As sent: it is compared, not calculated with.</param>
/// <param name="ContentType">As sent.</param>
internal sealed record HttpObjectState(long? Size, string? ETag, string? LastModified, string? ContentType)
{
    public DateTimeOffset? Modified =>
        DateTimeOffset.TryParseExact(LastModified, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    /// <summary>The state in an answer with the whole object, or to HEAD.</summary>
    public static HttpObjectState OfWhole(HttpResponseMessage response) => Of(response, response.Content.Headers.ContentLength);

    /// <summary>The state in an answer 206 or 416.</summary>
    public static HttpObjectState OfRange(HttpResponseMessage response) => Of(response, ContentRange.Of(response)?.Total);

    /// <summary>Why an answer with this state is not of the object that was <paramref name="opened"/>; null where it is.</summary>
    public string? DiffersFrom(HttpObjectState opened)
    {
        if (opened.Size is { } size && Size is { } now && size != now)
            return string.Create(CultureInfo.InvariantCulture, $"its size was {size} and is {now}");
        if (opened.ETag is { } etag)
        {
            if (ETag is null || !EntityTag.IsSame(etag, ETag))
                return $"its ETag was {etag} and is {ETag ?? "missing"}";
            if (!EntityTag.Parse(etag).IsWeak)
                return null; // names the bytes; servers behind one name may well disagree in their clocks
        }
        return opened.LastModified == LastModified
            ? null
            : $"it was modified at {LastModified ?? "an unknown time"}, not {opened.LastModified ?? "an unknown time"}";
    }

    private static HttpObjectState Of(HttpResponseMessage response, long? size)
    {
        var headers = response.Content.Headers.NonValidated;
        return new HttpObjectState(
            size,
            EntityTag.Of(response),
            headers.TryGetValues("Last-Modified", out var modified) ? modified.ToString() : null,
            headers.TryGetValues("Content-Type", out var type) ? type.ToString() : null);
    }
}
