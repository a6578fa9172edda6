using System.Globalization;
using System.Net;
using Becket.Objects.Http;

namespace Becket.Objects.S3;

public sealed partial class S3ObjectStore
{
    /// <remarks>
    /// One HEAD. GetObjectAttributes would list parts, but only those that have a checksum each, and needs more permissions.
    /// </remarks>
    public async ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken)
    {
        var request = new S3Request(HttpMethod.Head, S3Operation.Read)
        {
            Key = pin.Key,
            VersionId = pin.VersionId,
            PartNumber = part,
            IfMatch = pin.ETag,
            ChecksumMode = "ENABLED",
        };
        var answer = await SendAsync(request, cancellationToken);
        if (answer.Refusal is not null)
        {
            // Who may GET but not HEAD still has the ETag; of how the object is encrypted nothing is known then.
            if (answer.Failure is { IsTransient: true } or { Error: ObjectStoreError.NotFound })
                throw answer.Failure;
            return part is null && ChecksumHeaders.OfETag(pin.ETag, ChecksumWeight.Hint) is { } alone
                ? new StoredChecksums([alone], Part: null)
                : StoredChecksums.None;
        }

        using var response = answer.Response;
        if (response.StatusCode == HttpStatusCode.PreconditionFailed
            || (pin.ETag is { } pinned && (EntityTag.Of(response) is not { } tag || !EntityTag.IsSame(pinned, tag))))
            throw RangeAnswer.Replaced(Subject(request));
        List<StoredChecksum> all = [.. ChecksumHeaders.OfAmazon(response)];
        if (part is not null)
            return new StoredChecksums(all, PartOf(response));
        if (ChecksumHeaders.OfETag(pin.ETag ?? EntityTag.Of(response), WeightOfETag(response)) is { } etag)
            all.Add(etag);
        return new StoredChecksums(all, Part: null);
    }

    /// <summary>
    /// An ETag is the MD5 of the bytes unless they are encrypted with a key of KMS or the customer, or in a directory bucket.
    /// </summary>
    private ChecksumWeight WeightOfETag(HttpResponseMessage response) =>
        ChecksumHeaders.Text(response, "x-amz-server-side-encryption") is not (null or "AES256")
            || ChecksumHeaders.Text(response, "x-amz-server-side-encryption-customer-algorithm") is not null
            || _options.Bucket.EndsWith("--x-s3", StringComparison.Ordinal)
            ? ChecksumWeight.Hint
            : ChecksumWeight.Proof;

    /// <summary>
    /// A store that ignores <c>partNumber</c> answers for the whole object: without a range, or without the number of parts.
    /// </summary>
    private static ObjectPart? PartOf(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.PartialContent
            && int.TryParse(
                ChecksumHeaders.Text(response, "x-amz-mp-parts-count"), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && response.Content.Headers.ContentLength is { } size
            ? new ObjectPart(size, count)
            : null;
}
