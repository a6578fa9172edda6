using System.Globalization;
using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;

namespace Becket.DevS3.Operations;

/// <summary>The object that <c>x-amz-copy-source</c> names: <c>[/]bucket/key</c>, percent-encoded, perhaps with a version.</summary>
internal readonly record struct CopySource(string Bucket, string Key)
{
    public static CopySource? Of(S3Request request)
    {
        if (request.Header("x-amz-copy-source") is not { } header)
            return null;
        int question = header.IndexOf('?');
        if (question >= 0 && header[question..] is not ("?versionId=null" or "?versionId="))
            throw S3Error.NotImplemented.Because("This development endpoint does not keep versions");

        string path = PercentCode.DecodePath(question < 0 ? header : header[..question]);
        if (path.StartsWith('/'))
            path = path[1..];
        int slash = path.IndexOf('/');
        return slash > 0 && slash < path.Length - 1
            ? new CopySource(path[..slash], path[(slash + 1)..])
            : throw S3Error.InvalidArgument.Because("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    }

    /// <summary>Opens it, if the conditions on the source hold. The caller disposes it.</summary>
    public OpenObject Open(S3Request request, ObjectFiles objects)
    {
        OpenObject open = objects.Open(Bucket, Key);
        if (ReadConditions.Judge(request, "x-amz-copy-source-", open.Object) == ReadVerdict.Send)
            return open;
        open.Dispose();
        throw S3Error.PreconditionFailed.ToException();
    }

    /// <summary>What <c>x-amz-copy-source-range</c> asks for; all without it. It is never clipped, as the range of a read is.</summary>
    public static (long Offset, long Length) Range(S3Request request, StoredObject source)
    {
        if (request.Header("x-amz-copy-source-range") is not { } header)
            return (0, source.Size);
        if (RangeRequest.Parse(header) is not { First: { } first, Last: { } last })
            throw S3Error.InvalidArgument.Because("The x-amz-copy-source-range must be of the form bytes=first-last, counted from zero");
        return last < source.Size
            ? (first, last - first + 1)
            : throw S3Error.InvalidRange.Because(string.Create(CultureInfo.InvariantCulture,
                $"Range specified is not valid for source object of size: {source.Size}"));
    }
}
