using System.Net;

namespace Becket.Objects.Http;

public sealed partial class HttpObjectStore
{
    /// <remarks>
    /// From the answer to HEAD, where the server gives one. The ETag may be that of an S3 object behind the URL, which is an MD5, or
    /// anything else. <c>x-amz-checksum-mode</c> is not sent: a presigned URL is signed without it, and would be refused.
    /// </remarks>
    public async ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken)
    {
        if (part is not null)
            return StoredChecksums.None;
        List<StoredChecksum> all = [];
        using var response = await _requests.SendAsync(() => Request(HttpMethod.Head), cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            CheckState(HttpObjectState.OfWhole(response), pin);
            all.AddRange(ChecksumHeaders.OfOthers(response));
        }
        if (ChecksumHeaders.OfETag(pin.ETag, ChecksumWeight.Hint) is { } etag)
            all.Add(etag);
        return new StoredChecksums(all, Part: null);
    }
}
