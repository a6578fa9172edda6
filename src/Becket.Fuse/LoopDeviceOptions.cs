namespace Becket.Fuse;

/// <summary>Whether the kernel looks for partitions in a loop device.</summary>
public enum PartitionScan
{
    None,

    /// <summary>When it is attached: /dev/loopNp1 and so on.</summary>
    Kernel,
}

/// <summary>How a loop device reads and writes its file.</summary>
public enum LoopInput
{
    /// <summary>Through the page cache of the file, one request at a time.</summary>
    Buffered,

    /// <summary>Past the page cache, many requests at a time (LO_FLAGS_DIRECT_IO).</summary>
    Direct,
}

/// <summary>How a file becomes a loop device.</summary>
public sealed record LoopDeviceOptions
{
    public FileAccess Access { get; init; } = FileAccess.Read;

    public PartitionScan Partitions { get; init; } = PartitionScan.Kernel;

    public LoopInput Input { get; init; } = LoopInput.Direct;

    /// <summary>The logical block in bytes. Partition tables count in it: other than 512 only where the image was made for it.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>How far the kernel reads ahead, in bytes.</summary>
    public int ReadAhead { get; init; } = 1024 * 1024;
}
