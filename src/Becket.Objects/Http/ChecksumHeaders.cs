using System.Globalization;

namespace Becket.Objects.Http;

/// <summary>
/// The checksums in the headers of an answer about a whole object. What cannot be understood is left out: a checksum that is
/// not there is told to the user, one that was misread would be a false alarm.
/// </summary>
internal static class ChecksumHeaders
{
    private static readonly (string Name, ChecksumKind Kind)[] Amazon =
    [
        ("x-amz-checksum-crc32", ChecksumKind.Crc32),
        ("x-amz-checksum-crc32c", ChecksumKind.Crc32C),
        ("x-amz-checksum-crc64nvme", ChecksumKind.Crc64Nvme),
        ("x-amz-checksum-sha1", ChecksumKind.Sha1),
        ("x-amz-checksum-sha256", ChecksumKind.Sha256),
    ];

    /// <summary>Bytes of a checksum of a kind.</summary>
    public static int LengthOf(ChecksumKind kind) => kind switch
    {
        ChecksumKind.Crc32 or ChecksumKind.Crc32C => 4,
        ChecksumKind.Crc64Nvme => 8,
        ChecksumKind.Md5 => 16,
        ChecksumKind.Sha1 => 20,
        _ => 32,
    };

    /// <summary>The <c>x-amz-checksum-*</c> headers; base64, with <c>-N</c> behind it for the checksums of N parts.</summary>
    public static IEnumerable<StoredChecksum> OfAmazon(HttpResponseMessage response)
    {
        foreach (var (name, kind) in Amazon)
        {
            if (Text(response, name) is not { } text)
                continue;
            var (value, parts) = SplitParts(text);
            if (FromBase64(value, kind) is { } bytes)
                yield return new StoredChecksum(name, kind, bytes, parts, ChecksumWeight.Proof);
        }
    }

    /// <summary>
    /// What other servers say: <c>x-goog-hash</c> (Google's stores) and <c>Content-MD5</c> (Azure's), of the whole object.
    /// </summary>
    public static IEnumerable<StoredChecksum> OfOthers(HttpResponseMessage response)
    {
        foreach (var hash in (Text(response, "x-goog-hash") ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            ChecksumKind? kind = hash.StartsWith("crc32c=", StringComparison.Ordinal) ? ChecksumKind.Crc32C
                : hash.StartsWith("md5=", StringComparison.Ordinal) ? ChecksumKind.Md5
                : null;
            if (kind is { } known && FromBase64(hash[(hash.IndexOf('=', StringComparison.Ordinal) + 1)..], known) is { } bytes)
                yield return new StoredChecksum("x-goog-hash", known, bytes, Parts: null, ChecksumWeight.Proof);
        }
        if (Text(response, "Content-MD5") is { } md5 && FromBase64(md5, ChecksumKind.Md5) is { } digest)
            yield return new StoredChecksum("Content-MD5", ChecksumKind.Md5, digest, Parts: null, ChecksumWeight.Proof);
    }

    /// <summary>An ETag that looks like an MD5, or like S3's MD5 of the MD5s of N parts; null for any other.</summary>
    public static StoredChecksum? OfETag(string? etag, ChecksumWeight weight)
    {
        if (etag is null || EntityTag.Parse(etag) is not { IsWeak: false } tag)
            return null;
        var (value, parts) = SplitParts(tag.Opaque);
        return value.Length == 32 && value.All(char.IsAsciiHexDigit)
            ? new StoredChecksum("ETag", ChecksumKind.Md5, Convert.FromHexString(value), parts, weight)
            : null;
    }

    /// <summary>A header of the answer or of its body; null where it is not there.</summary>
    public static string? Text(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values)
            || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? values.ToString()
            : null;

    private static (string Value, int? Parts) SplitParts(string text)
    {
        var dash = text.LastIndexOf('-');
        return dash > 0
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var parts)
            && parts is > 0 and <= 10_000
            ? (text[..dash], parts)
            : (text, null);
    }

    private static byte[]? FromBase64(string text, ChecksumKind kind)
    {
        var bytes = new byte[LengthOf(kind)];
        return Convert.TryFromBase64String(text, bytes, out var count) && count == bytes.Length ? bytes : null;
    }
}
