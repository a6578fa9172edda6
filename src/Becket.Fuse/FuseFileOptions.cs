namespace Becket.Fuse;

/// <summary>Whether the kernel keeps what it has read of the file.</summary>
public enum FuseCaching
{
    /// <summary>
    /// Every read comes to the device (FOPEN_DIRECT_IO): for a file under a loop device, whose filesystem caches already. Before
    /// Linux 6.6 such a file cannot be mapped shared.
    /// </summary>
    None,

    /// <summary>In the page cache, across opens, with the kernel's readahead: for a file that programs read or map themselves.</summary>
    Kernel,
}

/// <summary>How a device becomes a file.</summary>
public sealed record FuseFileOptions
{
    /// <summary>The file's name in the folder; no slash.</summary>
    public required string FileName { get; init; }

    /// <summary>What /proc/mounts shows as the source; never holds a secret.</summary>
    public string Source { get; init; } = "becket";

    public FuseCaching Caching { get; init; } = FuseCaching.Kernel;

    /// <summary>
    /// Who may do what with the file, whose owner is the user that runs this process. The kernel checks it. Without root only that
    /// user gets at the file, whatever this says.
    /// </summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file's time; it never changes.</summary>
    public DateTimeOffset Modified { get; init; } = TimeProvider.System.GetUtcNow();

    /// <summary>How far the kernel reads ahead in bytes, where it may be told: that takes root.</summary>
    public int ReadAhead { get; init; } = 1024 * 1024;

    /// <summary>Threads that take requests from the kernel. What the device has at hand they answer themselves.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 4);

    /// <summary>Bytes of memory for requests that wait for the device. Where it is used up, the next request waits.</summary>
    public long TransferMemory { get; init; } = 24 * 1024 * 1024;

    /// <summary>How long an unmount waits for those that use the file, and then again for what they have asked the device for.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
