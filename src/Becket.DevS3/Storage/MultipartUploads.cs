using System.Collections.Concurrent;
using System.Security.Cryptography;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Storage;

/// <summary>The uploads that are going on. Safe to call from many threads.</summary>
internal sealed class MultipartUploads(BucketFolders buckets, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, MultipartUpload> _uploads = new(StringComparer.Ordinal);

    /// <exception cref="S3Exception">NoSuchBucket; no file can have this key.</exception>
    public MultipartUpload Start(string bucket, string key, ObjectAttributes attributes)
    {
        buckets.Require(bucket);
        _ = KeyPath.FromKey(key);
        string id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var upload = new MultipartUpload(id, bucket, key, attributes, time.GetUtcNow());
        _uploads[upload.Id] = upload;
        return upload;
    }

    /// <exception cref="S3Exception">NoSuchUpload.</exception>
    public MultipartUpload Require(S3Request request)
    {
        buckets.Require(request.Bucket);
        string id = request.Query["uploadId"] ?? "";
        return _uploads.TryGetValue(id, out MultipartUpload? upload) && upload.Bucket == request.Bucket && upload.Key == request.Key
            ? upload
            : throw S3Error.NoSuchUpload.ToException().With("UploadId", id);
    }

    public void End(MultipartUpload upload)
    {
        _uploads.TryRemove(upload.Id, out _);
        upload.Dispose();
    }

    public IReadOnlyList<MultipartUpload> List(string bucket, string prefix) =>
        [.. _uploads.Values
            .Where(u => u.Bucket == bucket && u.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(u => u.Key, Utf8Order.Instance).ThenBy(u => u.Started)];

    public void Dispose()
    {
        foreach (MultipartUpload upload in _uploads.Values)
            End(upload);
    }
}
