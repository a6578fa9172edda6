using Becket.DevS3.Protocol;

namespace Becket.DevS3.Storage;

/// <summary>The buckets: the sub-folders of the served folder, links to folders included. Safe to call from many threads.</summary>
internal sealed class BucketFolders(ServedFolder folder)
{
    public IReadOnlyList<(string Name, DateTimeOffset Created)> List() =>
        [.. new DirectoryInfo(folder.Path).EnumerateDirectories()
            .Where(d => IsVisible(d.Name))
            .Select(d => (d.Name, new DateTimeOffset(d.CreationTimeUtc)))
            .OrderBy(d => d.Name, Utf8Order.Instance)];

    /// <summary>The folder of a bucket that exists.</summary>
    /// <exception cref="S3Exception">NoSuchBucket.</exception>
    public string Require(string bucket)
    {
        string path = Path.Combine(folder.Path, bucket);
        return IsVisible(bucket) && Directory.Exists(path)
            ? path
            : throw S3Error.NoSuchBucket.ToException().With("BucketName", bucket);
    }

    /// <exception cref="S3Exception">The name is not valid, or there is such a bucket.</exception>
    public void Create(string bucket)
    {
        // S3's old rules, which allow capitals and underscores: so do folders that people already have.
        bool valid = bucket.Length is >= 3 and <= 63 && char.IsAsciiLetterOrDigit(bucket[0])
            && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (!valid)
            throw S3Error.InvalidBucketName.ToException().With("BucketName", bucket);

        string path = Path.Combine(folder.Path, bucket);
        if (Path.Exists(path))
            throw S3Error.BucketAlreadyOwnedByYou.ToException().With("BucketName", bucket);
        Directory.CreateDirectory(path);
    }

    /// <exception cref="S3Exception">NoSuchBucket; BucketNotEmpty.</exception>
    public void Delete(string bucket)
    {
        try
        {
            DeleteEmptyFolders(Require(bucket));
        }
        catch (IOException)
        {
            throw S3Error.BucketNotEmpty.ToException().With("BucketName", bucket);
        }
    }

    /// <summary>Deletes a folder that holds folders at most, from below; never a file.</summary>
    private static void DeleteEmptyFolders(string path)
    {
        if (Directory.EnumerateFiles(path).Any())
            throw new IOException($"'{path}' is not empty.");
        foreach (string inner in Directory.EnumerateDirectories(path))
            DeleteEmptyFolders(inner);
        Directory.Delete(path, recursive: false);
    }

    /// <summary>One name, so that nothing like <c>..</c> reaches a path; and not hidden.</summary>
    private static bool IsVisible(string bucket) => bucket.Length > 0 && bucket[0] != '.' && !bucket.AsSpan().ContainsAny('/', '\0');
}
