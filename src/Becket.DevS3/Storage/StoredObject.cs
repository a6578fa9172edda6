using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;

namespace Becket.DevS3.Storage;

/// <summary>An object as it is listed and answered for: what its file and its sidecar say.</summary>
internal sealed record StoredObject
{
    public required string Key { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public required DateTimeOffset LastModified { get; init; }

    /// <summary>With its quotes.</summary>
    public required string ETag { get; init; }

    public required ObjectAttributes Attributes { get; init; }
}

/// <summary>What a client stores with an object besides its bytes.</summary>
internal sealed record ObjectAttributes
{
    public static ObjectAttributes None { get; } = new();

    /// <summary>Headers to answer with: Content-Type and its like, and <c>x-amz-meta-*</c>.</summary>
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>The name and value of the <c>x-amz-checksum-*</c> header it was put with; empty for none.</summary>
    public Dictionary<string, string> Checksums { get; init; } = [];

    /// <summary>Bytes in each part of a multipart upload; empty for what was put at once.</summary>
    public List<long> PartSizes { get; init; } = [];
}

/// <summary>
/// What the sidecar of an object holds. It speaks of the file of this size and time, and of no other: a file that was
/// changed by hand has no sidecar any more.
/// </summary>
internal sealed record Sidecar(long Size, long ModifiedTicks, string ETag, ObjectAttributes Attributes);

[JsonSerializable(typeof(Sidecar))]
internal sealed partial class SidecarJson : JsonSerializerContext;

/// <summary>
/// An object whose file is open. Stays the very object it was when it is replaced or deleted meanwhile, because
/// replacing is renaming another file over it. The caller disposes it.
/// </summary>
internal sealed class OpenObject(StoredObject stored, SafeFileHandle file) : IDisposable
{
    private readonly DateTime _modified = File.GetLastWriteTimeUtc(file);

    public StoredObject Object => stored;

    public SafeFileHandle Handle => file;

    /// <summary>Whether somebody wrote into the open file by hand, so that bytes of two versions may have been read.</summary>
    public bool WasChanged => RandomAccess.GetLength(file) != stored.Size || File.GetLastWriteTimeUtc(file) != _modified;

    public void Dispose() => file.Dispose();
}
