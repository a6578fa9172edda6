using Becket.DevS3.Protocol;

namespace Becket.DevS3.Storage;

/// <summary>When a write may take place; checked under the key's lock, so of many writers exactly one wins.</summary>
internal readonly record struct WriteCondition
{
    private bool MustBeAbsent { get; init; }

    private string? ETag { get; init; }

    public static WriteCondition Always => default;

    /// <summary>Reads <c>If-None-Match: *</c> and <c>If-Match: etag</c>; S3 knows no other form of them for a write.</summary>
    public static WriteCondition Of(S3Request request)
    {
        string? noneMatch = request.Header("If-None-Match");
        if (noneMatch is not (null or "*"))
            throw S3Error.NotImplemented.Because("If-None-Match of a write must be *; S3 knows no other");
        string? match = request.Header("If-Match");
        if (match is not null && noneMatch is not null)
            throw S3Error.NotImplemented.Because("If-Match and If-None-Match of a write exclude each other");
        return new WriteCondition { MustBeAbsent = noneMatch is not null, ETag = match };
    }

    /// <exception cref="S3Exception">PreconditionFailed; NoSuchKey where there is nothing to match.</exception>
    public void Check(StoredObject? current)
    {
        if (MustBeAbsent && current is not null)
            throw S3Error.PreconditionFailed.ToException().With("Condition", "If-None-Match");
        if (ETag is null)
            return;
        if (current is null)
            throw S3Error.NoSuchKey.ToException();
        if (ETag != "*" && ETag.Trim('"') != current.ETag.Trim('"'))
            throw S3Error.PreconditionFailed.ToException().With("Condition", "If-Match");
    }
}
