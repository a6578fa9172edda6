namespace Becket.Objects;

/// <summary>What kind of failure a store reported; decides what is retried and what the user is told.</summary>
public enum ObjectStoreError
{
    /// <summary>The object is not there.</summary>
    NotFound,

    /// <summary>The bucket is not there.</summary>
    BucketNotFound,

    /// <summary>The object is no longer the one that was opened: replaced, or another version.</summary>
    Changed,

    /// <summary>A conditional PUT lost.</summary>
    PreconditionFailed,

    /// <summary>The store refused: no permission, wrong or expired credentials, wrong signature, clock skew.</summary>
    AccessDenied,

    /// <summary>No credentials could be found, or they could not be loaded.</summary>
    NoCredentials,

    /// <summary>The store or the way to it is in trouble: 5xx, 429, a reset, a time-out, a body cut short.</summary>
    Unavailable,

    /// <summary>The server's certificate is not trusted.</summary>
    Certificate,

    /// <summary>The answer breaks the rules: a range ignored, a wrong Content-Range or length.</summary>
    BadAnswer,

    /// <summary>The request itself was refused as wrong, or this store cannot do it.</summary>
    Invalid,
}

/// <summary>
/// A request to an object store failed. The message names the object, what happened and what to try, in one sentence,
/// without secrets.
/// </summary>
public sealed class ObjectStoreException(ObjectStoreError error, string message, Exception? inner = null) : IOException(message, inner)
{
    public ObjectStoreError Error { get; } = error;

    /// <summary>Whether the same request, sent again, may succeed.</summary>
    public bool IsTransient { get; init; }

    /// <summary>
    /// Whether the answer contradicts the request, so that it may be a mistake of something between us and the store: a read is sent again
    /// a few times before it is believed. Never of a refusal that a store means (403, 404, 412).
    /// </summary>
    public bool IsDoubtful { get; init; }

    /// <summary>How long the store asked to wait before the next attempt (<c>Retry-After</c>).</summary>
    public TimeSpan? RetryAfter { get; init; }
}
