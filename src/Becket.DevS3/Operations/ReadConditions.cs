using System.Globalization;
using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;

namespace Becket.DevS3.Operations;

/// <summary>What the conditions of a read say of an object.</summary>
internal enum ReadVerdict
{
    Send,
    NotModified,
    Failed,
}

/// <summary>
/// The conditional headers of a read, in the order of RFC 9110, 13.2.2: an ETag that was given decides, and the date
/// beside it is not looked at.
/// </summary>
internal static class ReadConditions
{
    /// <param name="request">The request.</param>
    /// <param name="prefix">Before the names: empty, or <c>x-amz-copy-source-</c> for the source of a copy.</param>
    /// <param name="stored">The object.</param>
    public static ReadVerdict Judge(S3Request request, string prefix, StoredObject stored)
    {
        if (request.Header(prefix + "If-Match") is { } match)
        {
            if (!Lists(match, stored.ETag))
                return ReadVerdict.Failed;
        }
        else if (Date(request.Header(prefix + "If-Unmodified-Since")) is { } unmodifiedSince && WholeSecond(stored) > unmodifiedSince)
        {
            return ReadVerdict.Failed;
        }

        if (request.Header(prefix + "If-None-Match") is { } noneMatch)
            return Lists(noneMatch, stored.ETag) ? ReadVerdict.NotModified : ReadVerdict.Send;
        return Date(request.Header(prefix + "If-Modified-Since")) is { } modifiedSince && WholeSecond(stored) <= modifiedSince
            ? ReadVerdict.NotModified
            : ReadVerdict.Send;
    }

    /// <summary>Whether <c>If-Range</c> lets the Range header count: the object is still the one that was meant.</summary>
    public static bool AllowRange(S3Request request, StoredObject stored) =>
        request.Header("If-Range") is not { } ifRange
        || ifRange.Trim('"') == stored.ETag.Trim('"')
        || Date(ifRange) == WholeSecond(stored);

    private static bool Lists(string etags, string etag) =>
        etags.Split(',', StringSplitOptions.TrimEntries).Any(e => e == "*" || Bare(e) == Bare(etag));

    /// <summary>S3 takes ETags without their quotes too.</summary>
    private static string Bare(string etag) => (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');

    private static DateTimeOffset? Date(string? header) =>
        DateTimeOffset.TryParseExact(header, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;

    /// <summary>Dates of HTTP have no fractions.</summary>
    private static DateTimeOffset WholeSecond(StoredObject stored) =>
        new(stored.LastModified.Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
}
