using System.Globalization;
using System.Net;
using System.Xml;

namespace Becket.Objects.S3;

/// <summary>
/// A store's refusal: the status, the code and message of the XML document in the body (S3 API reference, "REST error
/// responses"), and what its headers add. Every part but the status may be missing: an answer to HEAD has no body, and
/// proxies answer in HTML.
/// </summary>
internal sealed record S3Error
{
    private const int MostBodyBytes = 64 * 1024;
    private const int MostMessageChars = 300;

    public required HttpStatusCode Status { get; init; }

    public string? Code { get; init; }

    /// <summary>One line, in the store's words.</summary>
    public string? Message { get; init; }

    /// <summary>The region that the bucket is in, where the answer tells.</summary>
    public string? Region { get; init; }

    /// <summary>Where a redirect points to: a host, or a URL.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The store's clock.</summary>
    public DateTimeOffset? ServerTime { get; init; }

    /// <summary>How long the store asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The number under which the store's operators find the request.</summary>
    public string? RequestId { get; init; }

    /// <summary>Reads what a refusal says. The caller disposes the response.</summary>
    public static async ValueTask<S3Error> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var elements = ParseBody(await ReadBodyAsync(response, cancellationToken));
        var endpoint = elements.GetValueOrDefault("Endpoint") ?? response.Headers.Location?.Host;
        return new S3Error
        {
            Status = response.StatusCode,
            Code = elements.GetValueOrDefault("Code"),
            Message = OneLine(elements.GetValueOrDefault("Message")),
            Region = Header(response, "x-amz-bucket-region") ?? elements.GetValueOrDefault("Region") ?? RegionOfHost(endpoint),
            Endpoint = endpoint,
            ServerTime = response.Headers.Date,
            RetryAfter = response.Headers.RetryAfter switch
            {
                { Delta: { } delta } => delta,
                { Date: { } date } when date - time.GetUtcNow() is var wait && wait > TimeSpan.Zero => wait,
                _ => null,
            },
            RequestId = Header(response, "x-amz-request-id"),
        };
    }

    /// <summary>
    /// The region in a host name of AWS: <c>bucket.s3.eu-west-1.amazonaws.com</c>, <c>bucket.s3-eu-west-1.amazonaws.com</c>.
    /// </summary>
    internal static string? RegionOfHost(string? host)
    {
        var end = host?.IndexOf(".amazonaws.com", StringComparison.OrdinalIgnoreCase) ?? -1;
        if (end < 0)
            return null;
        var last = host![..end].Split('.') is [.., var beforeLast, var label] && beforeLast == "s3"
            ? "s3-" + label
            : host[..end].Split('.')[^1];
        return last.StartsWith("s3-", StringComparison.Ordinal) && last.Length > 3 ? last[3..] : null;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    private static async ValueTask<MemoryStream> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new byte[MostBodyBytes];
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
            return new MemoryStream(body, 0, length);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return new MemoryStream(); // the status alone still tells most of it
        }
    }

    private static Dictionary<string, string> ParseBody(MemoryStream body)
    {
        var elements = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var reader = XmlReader.Create(body, S3Xml.Settings);
            if (reader.MoveToContent() != XmlNodeType.Element || reader.LocalName != "Error")
                return elements;
            reader.Read();
            while (reader.MoveToContent() == XmlNodeType.Element)
                elements.TryAdd(reader.LocalName, S3Xml.ReadText(reader));
        }
        catch (XmlException)
        {
            // Not S3's XML, or cut off: what was understood so far counts.
        }

        return elements;
    }

    private static string? OneLine(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        return line.Length <= MostMessageChars
            ? line
            : string.Create(CultureInfo.InvariantCulture, $"{line.AsSpan(0, MostMessageChars)}...");
    }
}
