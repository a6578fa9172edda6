using System.Buffers;

namespace Becket.Objects;

/// <summary>
/// One bucket: named objects that are read in ranges and written whole. Every method may be called from many threads
/// at once. Failures are <see cref="ObjectStoreException"/>s that name the store and the object.
/// </summary>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>The store in the words of its URL, <c>s3://bucket</c>; for messages. Never holds a secret.</summary>
    string Name { get; }

    /// <summary>Looks an object up; null where there is none.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="versionId">A version, or null for the current one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a range as a stream that yields exactly <see cref="ObjectRange.Length"/> bytes of the pinned object and
    /// then ends, or throws. The caller disposes the stream.
    /// </summary>
    ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken);

    /// <summary>What the store says of the bytes as they were put, so that they can be checked from end to end.</summary>
    /// <param name="pin">The object, as it was opened.</param>
    /// <param name="part">Null for the whole object; otherwise one of the parts it was uploaded in, from 1 on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken);

    /// <summary>Writes an object whole and returns its new ETag.</summary>
    ValueTask<string> PutAsync(string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>Deletes an object; one that is not there is no error.</summary>
    ValueTask DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>Lists the objects whose keys start with <paramref name="prefix"/>, in the order of their keys' bytes.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken);
}

/// <summary>When a PUT may take place; otherwise it fails with <see cref="ObjectStoreError.PreconditionFailed"/>.</summary>
public readonly record struct PutCondition
{
    private PutCondition(bool absent, string? etag) => (MustBeAbsent, ETag) = (absent, etag);

    public static PutCondition Always => default;

    /// <summary>Only where no object has this key yet.</summary>
    public static PutCondition Absent { get; } = new(absent: true, etag: null);

    /// <summary>Only over the object that has this ETag.</summary>
    public static PutCondition Matches(string etag) => new(absent: false, etag);

    public bool MustBeAbsent { get; }

    public string? ETag { get; }
}
