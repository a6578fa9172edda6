using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Becket.Objects;

/// <summary>
/// A local folder as a bucket: keys are paths below it, <c>a/b.img</c> is the file b.img in the folder a. Never reads or writes
/// outside the folder, neither by <c>..</c> nor through a symbolic link.
/// </summary>
/// <remarks>
/// The ETag is made of a file's inode, size and time of modification, so it notices replaced and changed files, but not a
/// change that leaves size and time (its grain is a few milliseconds) as they were. Puts are durable and atomic: a reader
/// sees the old object or the new one. Several stores and processes may share a folder.
/// </remarks>
public sealed partial class FolderObjectStore : IObjectStore
{
    private readonly string _root;

    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.BucketNotFound"/>: there is no such folder.</exception>
    public FolderObjectStore(string folder) => _root = Directory.Exists(folder) && RealPath(Path.GetFullPath(folder)) is { } real
        ? real
        : throw new ObjectStoreException(ObjectStoreError.BucketNotFound, $"there is no folder '{folder}'; create it or check the name");

    /// <summary>The folder's path.</summary>
    public string Name => _root;

    public ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        if (versionId is not null)
            throw Error(ObjectStoreError.Invalid, key, "a folder keeps no versions; leave the version out");
        return ValueTask.FromResult(
            Resolve(key) is { } path && StateOf(path) is { IsRegularFile: true } state ? Describe(key, state) : null);
    }

    public ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        SafeFileHandle? file = null;
        try
        {
            if (Resolve(pin.Key) is not { } path)
                throw Error(ObjectStoreError.NotFound, pin.Key, "there is no such file");
            // Not File.OpenHandle: it takes a lock (flock) whatever it is told to share, and other programs may want one.
            file = Open(path, ForReading);
            if (file.IsInvalid)
                throw LastError("open");
            var state = StateOf(file);
            if (!state.IsRegularFile)
                throw Error(ObjectStoreError.NotFound, pin.Key, "this is no regular file");
            if (pin.ETag is { } etag && etag != state.ETag)
                throw Changed(pin.Key);
            if (range.Last >= state.Size)
            {
                throw Error(
                    ObjectStoreError.Changed,
                    pin.Key,
                    string.Create(CultureInfo.InvariantCulture, $"the file has {state.Size} bytes, so {range} is beyond its end"));
            }
            return ValueTask.FromResult<Stream>(new Body(this, pin.Key, file, state.ETag, range));
        }
        catch (Exception e)
        {
            file?.Dispose();
            return ValueTask.FromException<Stream>(IsFailure(e) ? Translate(e, pin.Key) : e);
        }
    }

    /// <summary>A folder keeps none.</summary>
    public ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        ValueTask.FromResult(StoredChecksums.None);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Walk(_root, "", prefix, cancellationToken).ToAsyncEnumerable();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The objects below a folder in the order of their keys; reads one folder at a time.</summary>
    private IEnumerable<ObjectInfo> Walk(string folder, string folderKey, string prefix, CancellationToken cancellationToken)
    {
        foreach (var (key, name) in Entries(folder, folderKey, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (key.EndsWith('/'))
            {
                foreach (var info in Walk(Path.Combine(folder, name), key, prefix, cancellationToken))
                    yield return info;
            }
            else if (RealPath(Path.Combine(folder, name)) is { } path && IsInside(path) && StateOf(path) is { IsRegularFile: true } state)
            {
                yield return Describe(key, state);
            }
        }
    }

    /// <summary>
    /// A folder's entries that matter for a prefix. Folders carry their slash into the sorting, because that is what follows
    /// their name in the keys: <c>a-b</c> comes before <c>a/b</c>. Linked folders are left out: they may lead in circles.
    /// </summary>
    private static List<(string Key, string Name)> Entries(string folder, string folderKey, string prefix)
    {
        var entries = new List<(string Key, string Name)>();
        try
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                var isFolder = entry is DirectoryInfo;
                var key = folderKey + entry.Name + (isFolder ? "/" : "");
                var matters = key.StartsWith(prefix, StringComparison.Ordinal)
                    || (isFolder && prefix.StartsWith(key, StringComparison.Ordinal));
                if (matters && !IsTemporary(entry.Name) && !(isFolder && entry.LinkTarget is not null))
                    entries.Add((key, entry.Name));
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Its last object was deleted meanwhile, and the folder with it.
        }
        entries.Sort((a, b) => KeyOrder.Instance.Compare(a.Key, b.Key));
        return entries;
    }

    /// <summary>The real path of a key's file, or null where there is none.</summary>
    private string? Resolve(string key)
    {
        if (RealPath(PathOf(key)) is not { } real)
            return null;
        return IsInside(real) ? real : throw Escapes(key);
    }

    private bool IsInside(string real) =>
        real == _root || _root == "/" || (real.StartsWith(_root, StringComparison.Ordinal) && real[_root.Length] == '/');

    private string PathOf(string key)
    {
        if (key.Length == 0 || key.Contains('\0', StringComparison.Ordinal))
            throw Error(ObjectStoreError.Invalid, key, "this cannot be the name of a file");
        foreach (var part in key.Split('/'))
        {
            if (part is "" or "." or ".." || IsTemporary(part))
                throw Error(ObjectStoreError.Invalid, key, "a key in a folder is a path without empty, '.' and '..' parts");
        }
        return Path.Combine(_root, key);
    }

    private static ObjectInfo Describe(string key, FileState state) =>
        new() { Key = key, Size = state.Size, ETag = state.ETag, LastModified = state.Modified };

    private static bool IsFailure(Exception e) => e is (IOException or UnauthorizedAccessException) and not ObjectStoreException;

    /// <summary>The exception of a store for a failure of the file system.</summary>
    private ObjectStoreException Translate(Exception e, string key) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => Error(ObjectStoreError.NotFound, key, "there is no such file", e),
        UnauthorizedAccessException =>
            Error(ObjectStoreError.AccessDenied, key, "no permission, or not a file; check its mode and owner", e),
        _ => Error(ObjectStoreError.Unavailable, key, e.Message, e),
    };

    private ObjectStoreException Changed(string key) =>
        Error(ObjectStoreError.Changed, key, "the file was replaced or changed since it was opened; open it again to read the new one");

    private ObjectStoreException Escapes(string key) =>
        Error(ObjectStoreError.Invalid, key, "a symbolic link leads out of the folder; serve the file that it points to by its own name");

    private ObjectStoreException Error(ObjectStoreError error, string key, string reason, Exception? inner = null) =>
        new(error, $"{Name}/{key}: {reason}", inner);
}
