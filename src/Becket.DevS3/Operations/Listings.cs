using System.Xml;
using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;

namespace Becket.DevS3.Operations;

/// <summary>ListObjectsV2, and ListObjects for clients of its age.</summary>
internal sealed class Listings(BucketFolders buckets, ObjectFiles objects)
{
    private const int MaximumKeys = 1000;

    public Task ListV2Async(S3Request request)
    {
        ListQuery query = QueryOf(request);
        string? token = request.Query["continuation-token"];
        string? startAfter = request.Query["start-after"];
        ListPosition from = new(startAfter, SkipsPrefix: false);
        if (token is not null && !ListPosition.TryParseToken(token, out from))
            throw S3Error.InvalidArgument.Because("The continuation token provided is incorrect");

        ListPage page = PageOf(request, query with { From = from });
        return S3Xml.SendAsync(request, "ListBucketResult", xml =>
        {
            Func<string, string> encode = EncodingOf(request);
            WriteHead(xml, request, query, page, encode);
            xml.WriteNumber("KeyCount", page.Keys.Count + page.CommonPrefixes.Count);
            if (token is not null)
                xml.WriteElementString("ContinuationToken", token);
            if (page.Next is { } next)
                xml.WriteElementString("NextContinuationToken", next.ToToken());
            if (startAfter is not null)
                xml.WriteElementString("StartAfter", encode(startAfter));
            WriteItems(xml, request, page, encode);
        });
    }

    public Task ListV1Async(S3Request request)
    {
        ListQuery query = QueryOf(request);
        string marker = request.Query["marker"] ?? "";
        // A marker that ends a common prefix is the end of the page before, and means all that starts with it.
        bool skipsPrefix = query.Delimiter.Length > 0 && marker.StartsWith(query.Prefix, StringComparison.Ordinal)
            && marker.EndsWith(query.Delimiter, StringComparison.Ordinal) && marker.Length > query.Prefix.Length;
        ListPage page = PageOf(request, query with { From = new ListPosition(marker, skipsPrefix) });
        return S3Xml.SendAsync(request, "ListBucketResult", xml =>
        {
            Func<string, string> encode = EncodingOf(request);
            WriteHead(xml, request, query, page, encode);
            xml.WriteElementString("Marker", encode(marker));
            if (page.Next is { } next && query.Delimiter.Length > 0)
                xml.WriteElementString("NextMarker", encode(next.After!));
            WriteItems(xml, request, page, encode);
        });
    }

    private static ListQuery QueryOf(S3Request request) => new()
    {
        Prefix = request.Query["prefix"] ?? "",
        Delimiter = request.Query["delimiter"] ?? "",
        MaximumItems = QueryNumber.Of(request, "max-keys", MaximumKeys, MaximumKeys),
    };

    private ListPage PageOf(S3Request request, ListQuery query) =>
        ListPage.From(KeyWalk.Keys(buckets.Require(request.Bucket), query.Prefix, query.From.After ?? ""), query);

    private static Func<string, string> EncodingOf(S3Request request) => request.Query["encoding-type"] switch
    {
        null or "" => static text => text,
        "url" => PercentCode.EncodePath,
        _ => throw S3Error.InvalidArgument.Because("Invalid Encoding Method specified in Request"),
    };

    private static void WriteHead(XmlWriter xml, S3Request request, ListQuery query, ListPage page, Func<string, string> encode)
    {
        xml.WriteElementString("Name", request.Bucket);
        xml.WriteElementString("Prefix", encode(query.Prefix));
        if (query.Delimiter.Length > 0)
            xml.WriteElementString("Delimiter", encode(query.Delimiter));
        xml.WriteNumber("MaxKeys", query.MaximumItems);
        if (request.Query["encoding-type"] is { Length: > 0 } encoding)
            xml.WriteElementString("EncodingType", encoding);
        xml.WriteElementString("IsTruncated", page.Next is null ? "false" : "true");
    }

    private void WriteItems(XmlWriter xml, S3Request request, ListPage page, Func<string, string> encode)
    {
        foreach (string key in page.Keys)
        {
            if (objects.Find(request.Bucket, key) is not { } stored)
                continue; // deleted while we listed
            xml.WriteStartElement("Contents");
            xml.WriteElementString("Key", encode(key));
            xml.WriteTime("LastModified", stored.LastModified);
            xml.WriteElementString("ETag", stored.ETag);
            xml.WriteNumber("Size", stored.Size);
            xml.WriteElementString("StorageClass", "STANDARD");
            xml.WriteEndElement();
        }
        foreach (string prefix in page.CommonPrefixes)
        {
            xml.WriteStartElement("CommonPrefixes");
            xml.WriteElementString("Prefix", encode(prefix));
            xml.WriteEndElement();
        }
    }
}
