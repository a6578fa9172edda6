namespace Becket.DevS3.Storage;

/// <summary>
/// The folder that is served: where the buckets are, and a hidden folder beside them for sidecars and for what is not
/// finished. Held by one server at a time; the hidden folder's unfinished part is emptied at the start and at the end.
/// </summary>
internal sealed class ServedFolder : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _staging;
    private long _staged;

    /// <exception cref="IOException">There is no such folder, it cannot be written, or another server holds it.</exception>
    public ServedFolder(string folder)
    {
        Path = System.IO.Path.GetFullPath(folder);
        if (!Directory.Exists(Path))
            throw new DirectoryNotFoundException($"The folder '{folder}' does not exist; its sub-folders would be the buckets.");

        Hidden = System.IO.Path.Combine(Path, ".becket-dev-s3");
        _staging = System.IO.Path.Combine(Hidden, "staging");
        try
        {
            Directory.CreateDirectory(Hidden);
            // An advisory lock (flock), which the system lets go of when the process ends, however it ends.
            _lock = new FileStream(System.IO.Path.Combine(Hidden, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"The folder '{folder}' cannot be written; give one that can, and link into it what is to be served.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"The folder '{folder}' is already served by another endpoint; stop that one or give another folder.", e);
        }
        EmptyStaging();
        Directory.CreateDirectory(_staging);
    }

    public string Path { get; }

    /// <summary>Not a bucket: its name starts with a dot.</summary>
    public string Hidden { get; }

    /// <summary>A path for a file that is being written; on the buckets' file system, so that it can be renamed into one.</summary>
    public string NextStagedPath() => System.IO.Path.Combine(_staging, Interlocked.Increment(ref _staged).ToString("x8", null));

    public void Dispose()
    {
        EmptyStaging();
        _lock.Dispose();
    }

    private void EmptyStaging()
    {
        if (Directory.Exists(_staging))
            Directory.Delete(_staging, recursive: true);
    }
}
