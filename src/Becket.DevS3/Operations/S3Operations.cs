using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;

namespace Becket.DevS3.Operations;

/// <summary>Which operation a request means, by its method, what it names and its sub-resource. The whole list stands here.</summary>
internal sealed class S3Operations(
    BucketOperations buckets, Listings listings, ObjectReads reads, ObjectWrites writes, MultipartOperations multipart)
{
    /// <exception cref="S3Exception">The operation failed, or there is no such one here.</exception>
    public Task ExecuteAsync(S3Request request, Caller caller)
    {
        UnsupportedFeatures.Refuse(request);
        if (request.Bucket.Length == 0 && request.Key.Length > 0)
            throw S3Error.NoSuchBucket.ToException();
        if (request.Bucket.Length == 0)
            return request.Method == "GET" ? buckets.ListAsync(request) : throw S3Error.MethodNotAllowed.ToException();
        return request.Key.Length == 0 ? OnBucket(request, caller) : OnObject(request, caller);
    }

    private Task OnBucket(S3Request request, Caller caller) => request.Method switch
    {
        "GET" when request.Query.Has("location") => buckets.GetLocationAsync(request),
        "GET" when request.Query.Has("uploads") => multipart.ListUploadsAsync(request),
        "GET" when request.Query["list-type"] == "2" => listings.ListV2Async(request),
        "GET" => listings.ListV1Async(request),
        "HEAD" => buckets.HeadAsync(request),
        "PUT" => buckets.CreateAsync(request),
        "DELETE" => buckets.DeleteAsync(request),
        "POST" when request.Query.Has("delete") => writes.DeleteManyAsync(request, caller),
        "POST" => throw S3Error.NotImplemented.Because("This development endpoint does not implement uploads from HTML forms"),
        _ => throw S3Error.MethodNotAllowed.ToException(),
    };

    private Task OnObject(S3Request request, Caller caller) => request.Method switch
    {
        "GET" when request.Query.Has("uploadId") => multipart.ListPartsAsync(request),
        "GET" => reads.GetAsync(request, caller),
        "HEAD" => reads.HeadAsync(request, caller),
        "PUT" when request.Query.Has("uploadId") => CopySource.Of(request) is { } source
            ? multipart.CopyPartAsync(request, source)
            : multipart.UploadPartAsync(request, caller),
        "PUT" => CopySource.Of(request) is { } source ? writes.CopyAsync(request, source) : writes.PutAsync(request, caller),
        "POST" when request.Query.Has("uploads") => multipart.CreateAsync(request),
        "POST" when request.Query.Has("uploadId") => multipart.CompleteAsync(request, caller),
        "DELETE" when request.Query.Has("uploadId") => multipart.AbortAsync(request),
        "DELETE" => writes.DeleteAsync(request),
        _ => throw S3Error.MethodNotAllowed.ToException(),
    };
}
