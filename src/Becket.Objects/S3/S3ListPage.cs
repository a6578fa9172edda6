using System.Globalization;
using System.Xml;

namespace Becket.Objects.S3;

/// <summary>One page of a listing, as ListObjectsV2 answers it.</summary>
/// <param name="Objects">In the order of the answer.</param>
/// <param name="Continuation">What to ask the next page with; null on the last one.</param>
internal sealed record S3ListPage(IReadOnlyList<ObjectInfo> Objects, string? Continuation)
{
    /// <exception cref="XmlException">Not XML.</exception>
    /// <exception cref="FormatException">Not a listing, or an entry without key or size.</exception>
    public static S3ListPage Parse(Stream body)
    {
        var objects = new List<ObjectInfo>();
        var (isTruncated, isEncoded) = (false, false);
        string? continuation = null;

        using var reader = XmlReader.Create(body, S3Xml.Settings);
        if (reader.MoveToContent() != XmlNodeType.Element || reader.LocalName != "ListBucketResult")
            throw new FormatException("no ListBucketResult");
        reader.Read();
        while (reader.MoveToContent() == XmlNodeType.Element)
        {
            switch (reader.LocalName)
            {
                case "Contents":
                    objects.Add(ParseEntry(reader));
                    break;
                case "IsTruncated":
                    isTruncated = S3Xml.ReadText(reader) == "true";
                    break;
                case "NextContinuationToken":
                    continuation = S3Xml.ReadText(reader);
                    break;
                case "EncodingType":
                    isEncoded = S3Xml.ReadText(reader) == "url";
                    break;
                default:
                    S3Xml.ReadText(reader);
                    break;
            }
        }

        if (isTruncated && string.IsNullOrEmpty(continuation))
            throw new FormatException("it is cut off but has no NextContinuationToken");
        if (isEncoded) // the element that says so may come after the entries
            objects = objects.ConvertAll(entry => entry with { Key = Decode(entry.Key) });
        return new S3ListPage(objects, isTruncated ? continuation : null);
    }

    private static ObjectInfo ParseEntry(XmlReader reader)
    {
        string? key = null, etag = null;
        long? size = null;
        DateTimeOffset? lastModified = null;

        var isEmpty = reader.IsEmptyElement;
        reader.Read();
        while (!isEmpty && reader.MoveToContent() == XmlNodeType.Element)
        {
            var name = reader.LocalName;
            var text = S3Xml.ReadText(reader);
            switch (name)
            {
                case "Key":
                    key = text;
                    break;
                case "ETag":
                    etag = text.Length > 0 ? text : null;
                    break;
                case "Size":
                    size = long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
                    break;
                case "LastModified":
                    lastModified = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                    break;
                default:
                    break;
            }
        }

        if (!isEmpty)
            reader.Read(); // the end of the entry
        if (key is null || size is null)
            throw new FormatException("an entry has no key or no size");
        return new ObjectInfo { Key = key, Size = size.Value, ETag = etag, LastModified = lastModified };
    }

    /// <remarks>S3 encodes like an HTML form does: a plus sign stands for a blank, a real one is %2B.</remarks>
    private static string Decode(string key) => Uri.UnescapeDataString(key.Replace('+', ' '));
}
