using System.Globalization;
using Becket.DevS3.Payloads;
using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Operations;

/// <summary>The headers that go with an object: taken from the request that puts it, given to those that read it.</summary>
internal static class ObjectHeaders
{
    private const string MetadataPrefix = "x-amz-meta-";

    private static readonly string[] Stored =
        ["Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"];

    public static ObjectAttributes FromRequest(S3Request request)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string name in Stored)
        {
            if (request.Header(name) is { Length: > 0 } value)
                headers[name] = value;
        }
        foreach (string name in request.Http.Request.Headers.Keys)
        {
            if (name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                headers[name.ToLowerInvariant()] = request.Header(name)!;
        }
        RemoveFraming(headers);
        return new ObjectAttributes { Headers = headers };
    }

    /// <summary>Sets what describes the object: all but the length and the range of what is sent.</summary>
    public static void Describe(HttpResponse response, StoredObject stored)
    {
        IHeaderDictionary headers = response.Headers;
        headers.ContentType = "binary/octet-stream";
        foreach ((string name, string value) in stored.Attributes.Headers)
            headers[name] = value;
        headers.ETag = stored.ETag;
        headers.LastModified = stored.LastModified.ToString("r", CultureInfo.InvariantCulture);
        headers.AcceptRanges = "bytes";
    }

    /// <summary>Sets the checksum of the whole object, where the client asks for it and the object has one.</summary>
    public static void AddChecksum(S3Request request, StoredObject stored)
    {
        if (!"ENABLED".Equals(request.Header("x-amz-checksum-mode"), StringComparison.OrdinalIgnoreCase))
            return;
        foreach ((string name, string value) in stored.Attributes.Checksums)
        {
            request.Http.Response.Headers[name] = value;
            request.Http.Response.Headers[Checksum.HeaderPrefix + "type"] = "FULL_OBJECT";
        }
    }

    /// <summary>Sets what the query says instead: <c>response-content-type</c> and its like.</summary>
    public static void Override(S3Request request)
    {
        foreach (string name in Stored)
        {
            if (request.Query["response-" + name.ToLowerInvariant()] is { } value)
                request.Http.Response.Headers[name] = value;
        }
    }

    /// <summary>The framing of the request is no encoding of the object.</summary>
    private static void RemoveFraming(Dictionary<string, string> headers)
    {
        if (!headers.TryGetValue("Content-Encoding", out string? encoding))
            return;
        string rest = string.Join(", ", encoding.Split(',', StringSplitOptions.TrimEntries)
            .Where(e => !e.Equals("aws-chunked", StringComparison.OrdinalIgnoreCase)));
        if (rest.Length == 0)
            headers.Remove("Content-Encoding");
        else
            headers["Content-Encoding"] = rest;
    }
}
