namespace Becket.Objects;

/// <summary>What a store says of an object when it is opened or listed.</summary>
public sealed record ObjectInfo
{
    public required string Key { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>As the store sent it, quotes included; null where a server gives none.</summary>
    public string? ETag { get; init; }

    /// <summary>The version, in a bucket that keeps versions.</summary>
    public string? VersionId { get; init; }

    public string? ContentType { get; init; }

    public DateTimeOffset? LastModified { get; init; }

    /// <summary>What later reads must carry to be of this very object.</summary>
    public ObjectPin Pin => new(Key, ETag, VersionId);
}

/// <summary>
/// The identity of an object that was opened: reads that carry it return this object's bytes or fail, never those of
/// whatever stands under the same key by then.
/// </summary>
public readonly record struct ObjectPin(string Key, string? ETag, string? VersionId);
