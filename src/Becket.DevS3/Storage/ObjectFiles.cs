using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Microsoft.Win32.SafeHandles;

namespace Becket.DevS3.Storage;

/// <summary>
/// The objects: files below the buckets' folders, each with a sidecar where it was put through the API. Safe to call from
/// many threads: a lock per key makes "look, then write" one step, and no read sees the file of one version with the sidecar of another.
/// </summary>
internal sealed class ObjectFiles(ServedFolder folder, BucketFolders buckets)
{
    // Keys share locks by their hash; nothing slow is done under one.
    private readonly Lock[] _locks = [.. Enumerable.Range(0, 256).Select(_ => new Lock())];

    /// <exception cref="S3Exception">NoSuchBucket.</exception>
    public StoredObject? Find(string bucket, string key)
    {
        string path = PathOf(bucket, key);
        lock (LockOf(bucket, key))
            return Stat(bucket, key, path);
    }

    /// <exception cref="S3Exception">NoSuchBucket; NoSuchKey.</exception>
    public OpenObject Open(string bucket, string key)
    {
        string path = PathOf(bucket, key);
        lock (LockOf(bucket, key))
        {
            if (!File.Exists(path)) // false for a folder, too
                throw S3Error.NoSuchKey.ToException().With("Key", key);
            SafeFileHandle? file = null;
            try
            {
                file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                return new OpenObject(Describe(bucket, key, RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file)), file);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                throw S3Error.NoSuchKey.ToException().With("Key", key);
            }
            catch (UnauthorizedAccessException)
            {
                file?.Dispose();
                throw S3Error.AccessDenied.Because($"Access Denied: this endpoint may not read the file of '{key}'");
            }
        }
    }

    /// <summary>Makes a staged file the object of this key, if the condition holds. All of it or nothing.</summary>
    /// <returns>The new object.</returns>
    /// <exception cref="S3Exception">NoSuchBucket; PreconditionFailed; no file can have this key.</exception>
    public StoredObject Commit(
        string bucket, string key, StagedFile staged, string etag, ObjectAttributes attributes, WriteCondition condition)
    {
        string path = PathOf(bucket, key);
        staged.Stream.Dispose();
        var file = new FileInfo(staged.Path);
        var sidecar = new Sidecar(file.Length, file.LastWriteTimeUtc.Ticks, etag, attributes); // renaming changes neither
        lock (LockOf(bucket, key))
        {
            StoredObject? current = Stat(bucket, key, path);
            condition.Check(current);
            MoveInto(path, key, staged.Path, current is not null);
            WriteSidecar(bucket, key, sidecar);
            return Stat(bucket, key, path) ?? throw S3Error.InternalError.Because($"The file of '{key}' was deleted while it was put");
        }
    }

    /// <summary>Deletes an object; one that is not there is no error, unless the condition asks for it.</summary>
    /// <exception cref="S3Exception">NoSuchBucket; PreconditionFailed.</exception>
    public void Delete(string bucket, string key, WriteCondition condition)
    {
        string path = PathOf(bucket, key);
        lock (LockOf(bucket, key))
        {
            condition.Check(Stat(bucket, key, path));
            if (!File.Exists(path))
                return;
            File.Delete(path);
            if (SidecarPath(bucket, key) is var sidecar && File.Exists(sidecar))
                File.Delete(sidecar);
        }
        DeleteEmptyParents(buckets.Require(bucket), path);
    }

    private string PathOf(string bucket, string key) => Path.Combine(buckets.Require(bucket), KeyPath.FromKey(key));

    private Lock LockOf(string bucket, string key) => _locks[(uint)HashCode.Combine(bucket, key) % (uint)_locks.Length];

    private StoredObject? Stat(string bucket, string key, string path)
    {
        // Through a link, to what is served.
        var file = new FileInfo(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        return file.Exists ? Describe(bucket, key, file.Length, file.LastWriteTimeUtc) : null;
    }

    private StoredObject Describe(string bucket, string key, long size, DateTime modified)
    {
        Sidecar? sidecar = ReadSidecar(bucket, key);
        if (sidecar is not null && (sidecar.Size != size || sidecar.ModifiedTicks != modified.Ticks))
            sidecar = null;
        return new StoredObject
        {
            Key = key,
            Size = size,
            LastModified = new DateTimeOffset(modified),
            ETag = sidecar?.ETag ?? ETagOfStat(key, size, modified),
            Attributes = sidecar?.Attributes ?? ObjectAttributes.None,
        };
    }

    /// <summary>
    /// The ETag of a file put there by hand: reading all of it for an MD5 could take minutes. The <c>-1</c> makes it look
    /// like that of a multipart upload, which no client takes for an MD5.
    /// </summary>
    private static string ETagOfStat(string key, long size, DateTime modified)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{size}/{modified.Ticks}/{key}"));
        return $"\"{SignatureV4.Hex(hash.AsSpan(0, 16))}-1\"";
    }

    private static void MoveInto(string path, string key, string staged, bool exists)
    {
        try
        {
            if (exists)
            {
                // Not Move with overwrite: between two file systems that copies into the open file of whoever is reading.
                File.Replace(staged, path, destinationBackupFileName: null);
                return;
            }
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    File.Move(staged, path, overwrite: false);
                    return;
                }
                catch (DirectoryNotFoundException) when (attempt < 10)
                {
                    // The deletion of the last object in that folder took it away in between.
                }
            }
        }
        catch (IOException) when (Directory.Exists(path) || HasFileAsParent(path))
        {
            throw S3Error.InvalidArgument.Because(
                $"This endpoint keeps objects as files, and '{key}' needs as a file what is a folder, or as a folder what is a file");
        }
    }

    private static bool HasFileAsParent(string path)
    {
        for (string? parent = Path.GetDirectoryName(path); parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (File.Exists(parent))
                return true;
        }
        return false;
    }

    private static void DeleteEmptyParents(string bucketPath, string path)
    {
        try
        {
            for (string parent = Path.GetDirectoryName(path)!; parent.Length > bucketPath.Length; parent = Path.GetDirectoryName(parent)!)
                Directory.Delete(parent, recursive: false);
        }
        catch (IOException)
        {
            // It holds other objects, or a put is quicker: it stays.
        }
    }

    private string SidecarPath(string bucket, string key) =>
        Path.Combine(folder.Hidden, "objects", bucket, SignatureV4.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(key))) + ".json");

    private Sidecar? ReadSidecar(string bucket, string key)
    {
        string path = SidecarPath(bucket, key);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), SidecarJson.Default.Sidecar);
        }
        catch (JsonException)
        {
            return null; // cut short by a crash: as good as none
        }
    }

    private void WriteSidecar(string bucket, string key, Sidecar sidecar)
    {
        string path = SidecarPath(bucket, key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(sidecar, SidecarJson.Default.Sidecar));
    }
}
