using Becket.DevS3.Protocol;

namespace Becket.DevS3.Operations;

/// <summary>
/// What S3 has and this endpoint has not. Asking for it is refused: to ignore it would be to answer something else than
/// what was asked.
/// </summary>
internal static class UnsupportedFeatures
{
    private static readonly string[] Subresources =
    [
        "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory", "legal-hold",
        "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
        "publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention", "select", "session",
        "tagging", "torrent", "versioning", "versions", "website",
    ];

    private static readonly string[] Headers =
    [
        "x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption", "x-amz-object-lock-", "x-amz-tagging",
        "x-amz-website-redirect-location", "x-amz-write-offset-bytes",
    ];

    /// <exception cref="S3Exception">NotImplemented, with the name of what is not.</exception>
    public static void Refuse(S3Request request)
    {
        foreach ((string name, string value) in request.Query.Parameters)
        {
            if (name == "versionId" && value is not ("" or "null"))
                throw S3Error.NotImplemented.Because("This development endpoint does not keep versions");
            if (Subresources.Contains(name, StringComparer.Ordinal))
                throw S3Error.NotImplemented.Because($"This development endpoint does not implement '?{name}'");
        }

        foreach (string name in request.Http.Request.Headers.Keys)
        {
            if (Headers.Any(h => name.StartsWith(h, StringComparison.OrdinalIgnoreCase)))
            {
                throw S3Error.NotImplemented
                    .Because($"A header you provided implies functionality that is not implemented: {name.ToLowerInvariant()}")
                    .With("Header", name.ToLowerInvariant());
            }
        }

        if (request.Header("x-amz-acl") is not (null or "private" or "bucket-owner-full-control"))
            throw S3Error.AccessControlListNotSupported.ToException();
    }
}
