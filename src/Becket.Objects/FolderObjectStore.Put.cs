using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Becket.Objects;

/// <summary>
/// Changes: an object is written beside its place under a temporary name and takes the place in one step. A link, which
/// fails where a file exists, makes <see cref="PutCondition.Absent"/> atomic by itself; everything else holds the folder's lock.
/// </summary>
public sealed partial class FolderObjectStore
{
    private const string TemporaryPrefix = ".becket-put-";

    public async ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        string? temporary = null;
        try
        {
            var (file, name) = CreateTemporary(key, Path.GetDirectoryName(path)!);
            temporary = name;
            FileState state;
            using (file)
            {
                var written = 0L;
                foreach (var segment in body)
                {
                    await RandomAccess.WriteAsync(file, segment, written, cancellationToken);
                    written += segment.Length;
                }
                RandomAccess.FlushToDisk(file);
                state = StateOf(file);
            }

            if (condition.MustBeAbsent)
                PlaceAbsent(key, temporary, path);
            else
                PlaceLocked(key, temporary, path, condition.ETag);
            SynchronizeFolders(path);
            return state.ETag;
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Translate(e, key);
        }
        finally
        {
            if (temporary is not null)
                Discard(temporary);
        }
    }

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        try
        {
            if (Resolve(key) is null)
                return ValueTask.CompletedTask;
            using var held = TakeLock();
            if (!File.Exists(path))
                return ValueTask.CompletedTask;
            File.Delete(path);
            Prune(Path.GetDirectoryName(path)!);
            return ValueTask.CompletedTask;
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Translate(e, key);
        }
    }

    private static bool IsTemporary(string name) => name.StartsWith(TemporaryPrefix, StringComparison.Ordinal);

    private (SafeFileHandle File, string Path) CreateTemporary(string key, string folder)
    {
        while (true)
        {
            EnsureInside(key, folder);
            try
            {
                Directory.CreateDirectory(folder);
                var path = Path.Combine(folder, $"{TemporaryPrefix}{Guid.NewGuid():N}");
                return (File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete), path);
            }
            catch (IOException e) when (Vanished(e, folder) && Directory.Exists(_root))
            {
                // A delete took the folder, or one above it, away again between two steps, since nothing was in it.
            }
        }
    }

    /// <summary>
    /// Whether making a folder, or a file in it, failed because somebody removed the folder meanwhile. CreateDirectory then
    /// says that it exists already: it did when it was to be made, and not any more when it was looked at. A file in
    /// the way gives the same error, and lasts.
    /// </summary>
    private bool Vanished(IOException e, string folder)
    {
        if (e is DirectoryNotFoundException)
            return true;
        if (e.HResult != FileExists)
            return false;
        for (; folder.Length > _root.Length; folder = Path.GetDirectoryName(folder)!)
        {
            if (File.Exists(folder))
                return false;
        }
        return true;
    }

    /// <summary>Before folders are made: the nearest one that exists must not be reached through a link to the outside.</summary>
    private void EnsureInside(string key, string folder)
    {
        while (true)
        {
            if (RealPath(folder) is { } real)
            {
                if (!IsInside(real))
                    throw Escapes(key);
                return;
            }
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (DirectoryNotFoundException)
        {
            // It had taken its place, and a delete has removed that and the folder since.
        }
    }

    private void PlaceAbsent(string key, string temporary, string path)
    {
        if (Link(temporary, path) == 0)
            return;
        if (Marshal.GetLastPInvokeError() != FileExists || Directory.Exists(path))
            throw LastError("link");
        throw Error(ObjectStoreError.PreconditionFailed, key, "the object exists already");
    }

    private void PlaceLocked(string key, string temporary, string path, string? etag)
    {
        using var held = TakeLock();
        if (etag is not null && StateOf(path)?.ETag != etag)
            throw Error(ObjectStoreError.PreconditionFailed, key, "the object is not the one that was to be replaced");
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>
    /// An advisory lock on the folder, let go when the handle is closed. Held for a few calls of the file system only, so
    /// waiting for it blocks the thread.
    /// </summary>
    private SafeFileHandle TakeLock()
    {
        var folder = Open(_root, ForReading);
        while (folder.IsInvalid || Lock(folder, ExclusiveLock) != 0)
        {
            if (!folder.IsInvalid && Marshal.GetLastPInvokeError() == Interrupted)
                continue;
            var error = LastError("flock");
            folder.Dispose();
            throw error;
        }
        return folder;
    }

    /// <summary>Makes the new name durable, and those of the folders that may have been made for it.</summary>
    private void SynchronizeFolders(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder?.Length >= _root.Length; folder = Path.GetDirectoryName(folder))
        {
            using var handle = Open(folder, ForReading);
            if (handle.IsInvalid && Marshal.GetLastPInvokeError() == NoEntry)
                continue; // the object has been deleted again already, and its folder with it
            if (handle.IsInvalid || Synchronize(handle) != 0)
                throw LastError("fsync");
        }
    }

    /// <summary>Removes folders that became empty, as a bucket has none.</summary>
    private void Prune(string folder)
    {
        try
        {
            for (; folder.Length > _root.Length; folder = Path.GetDirectoryName(folder)!)
                Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Not empty: the usual end.
        }
    }
}
