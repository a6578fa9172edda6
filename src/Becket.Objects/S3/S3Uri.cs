namespace Becket.Objects.S3;

/// <summary>
/// The address of an object, <c>s3://bucket/key</c>, or of one version of it, <c>s3://bucket/key?versionId=...</c>.
/// The key is taken literally, as the AWS command line does: <c>%20</c> is three characters, and only a trailing
/// <c>?versionId=</c> is not part of it.
/// </summary>
public sealed record S3Uri(string Bucket, string Key, string? VersionId = null)
{
    public const string Scheme = "s3://";

    private const string VersionMark = "?versionId=";

    /// <exception cref="FormatException">The text is not such an address; the message says what is missing.</exception>
    public static S3Uri Parse(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"'{text}' is not an S3 address; write s3://BUCKET/KEY");
        var path = text[Scheme.Length..];
        if (path.StartsWith("arn:", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException(
                $"'{text}' names an access point by its ARN, which is not supported; use the access point's alias as the bucket");
        }

        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? path : path[..slash];
        if (bucket.Length == 0)
            throw new FormatException($"'{text}' names no bucket; write s3://BUCKET/KEY");
        if (!S3BucketName.IsValid(bucket))
            throw new FormatException($"'{bucket}' in '{text}' cannot be a bucket's name: letters, digits, '.', '-' and '_' only");

        var key = slash < 0 ? "" : path[(slash + 1)..];
        string? versionId = null;
        var mark = key.LastIndexOf(VersionMark, StringComparison.Ordinal);
        if (mark >= 0)
        {
            versionId = key[(mark + VersionMark.Length)..];
            key = key[..mark];
            if (versionId.Length == 0)
                throw new FormatException($"'{text}' ends with ?versionId= but names no version");
        }

        if (key.Length == 0)
            throw new FormatException($"'{text}' names a bucket but no object; write s3://{bucket}/KEY");
        return new S3Uri(bucket, key, versionId);
    }

    public override string ToString() => VersionId is null ? $"{Scheme}{Bucket}/{Key}" : $"{Scheme}{Bucket}/{Key}{VersionMark}{VersionId}";
}
