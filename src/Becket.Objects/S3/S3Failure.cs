using System.Globalization;
using System.Net;

namespace Becket.Objects.S3;

/// <summary>What was being done when a store refused; decides what a refusal means and which permission is missing.</summary>
internal enum S3Operation
{
    Read,
    Write,
    Delete,
    List,
}

/// <summary>Everything that a sentence about a refused request may need to name.</summary>
internal readonly record struct S3Attempt(
    S3Operation Operation, string Subject, string Bucket, S3Location Location, S3Credentials? Credentials, DateTimeOffset Now);

/// <summary>
/// Turns a store's refusal into one sentence and a kind: what happened, to which object, what to try. The only place
/// that knows S3's error codes by their meaning.
/// </summary>
internal static class S3Failure
{
    public static ObjectStoreException From(S3Error error, in S3Attempt attempt) => error.Code switch
    {
        "NoSuchKey" when attempt.Operation is S3Operation.Write => new(
            ObjectStoreError.PreconditionFailed, $"{attempt.Subject} does not exist any more"),
        "NoSuchKey" => new(
            ObjectStoreError.NotFound, $"{attempt.Subject} does not exist; check the key, capital letters and slashes included"),
        "NoSuchVersion" => new(ObjectStoreError.NotFound, $"{attempt.Subject} does not exist: the object has no such version"),
        "NoSuchBucket" => new(
            ObjectStoreError.BucketNotFound,
            $"{attempt.Subject}: there is no bucket '{attempt.Bucket}' at {attempt.Location.Endpoint}; check its name and --endpoint-url"),
        "InvalidAccessKeyId" => Denied(
            $"{attempt.Subject}: {attempt.Location.Endpoint} does not know the access key {attempt.Credentials?.DisplayName}; "
            + "check the credentials (--profile) and --endpoint-url"),
        "SignatureDoesNotMatch" => Denied(
            $"{attempt.Subject}: the signature does not match: the secret key for {attempt.Credentials?.DisplayName} is wrong, "
            + "or a proxy changes the requests"),
        "ExpiredToken" or "TokenRefreshRequired" => Denied(
            $"{attempt.Subject}: the session of {attempt.Credentials?.DisplayName} has expired; "
            + "renew it (for instance with 'aws sso login')"),
        "InvalidToken" => Denied(
            $"{attempt.Subject}: the session token of {attempt.Credentials?.DisplayName} is not valid; "
            + "AWS_SESSION_TOKEN must belong to the access key"),
        "RequestTimeTooSkewed" => Denied(Skewed(error, attempt)),
        "InvalidObjectState" => new(
            ObjectStoreError.Invalid,
            $"{attempt.Subject} is archived (Glacier) and cannot be read; restore it first (aws s3api restore-object)"),
        "AuthorizationHeaderMalformed" => new(
            ObjectStoreError.Invalid,
            $"{attempt.Subject}: the store does not accept the region '{attempt.Location.Region}'{InItsWords(error)}; see --region"),
        "ConditionalRequestConflict" or "OperationAborted" => Busy(error, attempt),
        "RequestTimeout" or "SlowDown" or "Throttling" or "ThrottlingException" or "RequestLimitExceeded" => Busy(error, attempt),
        _ => FromStatus(error, attempt),
    };

    private static ObjectStoreException FromStatus(S3Error error, in S3Attempt attempt) => error.Status switch
    {
        HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError
            when error.Status != HttpStatusCode.NotImplemented => Busy(error, attempt),
        HttpStatusCode.PreconditionFailed when attempt.Operation is S3Operation.Write => new(
            ObjectStoreError.PreconditionFailed,
            $"{attempt.Subject} was not written: another object is already there, or a different one than expected"),
        HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => Denied(Forbidden(error, attempt)),
        HttpStatusCode.MethodNotAllowed when attempt.Operation is S3Operation.Read => new(
            ObjectStoreError.NotFound, $"{attempt.Subject} is a delete marker, not an object; name an older version with ?versionId="),
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => new(ObjectStoreError.Invalid, Redirected(error, attempt)),
        _ when error.Code is null => new(
            ObjectStoreError.Invalid,
            $"{attempt.Subject}: {attempt.Location.Endpoint} answered {Number(error)} without an S3 error; "
            + "is it an S3 endpoint? check --endpoint-url")
        {
            IsDoubtful = true, // the word of a proxy, not of the store
        },
        _ => new(
            ObjectStoreError.Invalid,
            $"{attempt.Subject}: the store refused the request ({Number(error)} {error.Code}){InItsWords(error)}"),
    };

    private static ObjectStoreException Denied(string message) => new(ObjectStoreError.AccessDenied, message);

    private static ObjectStoreException Busy(S3Error error, in S3Attempt attempt) => new(
        ObjectStoreError.Unavailable,
        $"{attempt.Subject}: {attempt.Location.Endpoint} is in trouble or busy "
        + $"({Number(error)}{(error.Code is null ? "" : " " + error.Code)}"
        + $"{(error.RequestId is null ? "" : ", request " + error.RequestId)}){InItsWords(error)}")
    {
        IsTransient = true,
        RetryAfter = error.RetryAfter,
    };

    private static string Forbidden(S3Error error, in S3Attempt attempt)
    {
        if (attempt.Credentials is not { } credentials)
            return $"{attempt.Subject}: access denied to an anonymous request: the object is private or does not exist; "
                + "give credentials and leave out --no-sign-request";

        var permission = attempt.Operation switch
        {
            S3Operation.Read => "s3:GetObject, s3:GetObjectVersion for a version, and s3:ListBucket to be told of a missing object",
            S3Operation.Write => "s3:PutObject",
            S3Operation.Delete => "s3:DeleteObject",
            _ => "s3:ListBucket",
        };
        var code = error.Code is null or "AccessDenied" ? "" : $" ({error.Code})";
        return $"{attempt.Subject}: access denied for {credentials.DisplayName}{code}{InItsWords(error)}; it needs {permission}";
    }

    private static string Skewed(S3Error error, in S3Attempt attempt) => error.ServerTime is { } theirs
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{attempt.Subject}: this machine's clock says {attempt.Now.UtcDateTime:u} "
            + $"and the store's {theirs.UtcDateTime:u}; set the clock")
        : $"{attempt.Subject}: this machine's clock is too far from the store's; set the clock";

    private static string Redirected(S3Error error, in S3Attempt attempt) => error.Endpoint is { } endpoint
        ? $"{attempt.Subject}: the bucket must be addressed through '{endpoint}'; give that with --endpoint-url, or the bucket's --region"
        : $"{attempt.Subject}: the store answered with a redirect ({Number(error)}) that names no place; check --endpoint-url and --region";

    private static string InItsWords(S3Error error) =>
        error.Message is null or "Access Denied" or "AccessDenied" || error.Message == error.Code ? "" : $": {error.Message}";

    private static string Number(S3Error error) => ((int)error.Status).ToString(CultureInfo.InvariantCulture);
}
