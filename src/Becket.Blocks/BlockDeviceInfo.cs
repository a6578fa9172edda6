namespace Becket.Blocks;

/// <summary>What a device can do beyond reading. A filter takes away what it cannot forward.</summary>
[Flags]
public enum BlockDeviceFeatures
{
    None = 0,

    /// <summary><see cref="IBlockDevice.WriteAsync"/>; without it every change is refused with <see cref="BlockError.ReadOnly"/>.</summary>
    Write = 1,

    /// <summary><see cref="IBlockDevice.FlushAsync"/> makes completed writes durable.</summary>
    Flush = 2,

    /// <summary><see cref="WriteOptions.Durable"/> is honoured (NBD: FUA).</summary>
    Durable = 4,

    /// <summary><see cref="IBlockDevice.TrimAsync"/> gives space back.</summary>
    Trim = 8,

    /// <summary><see cref="IBlockDevice.ZeroAsync"/> works without a payload.</summary>
    Zero = 16,

    /// <summary><see cref="WriteOptions.FastOnly"/> is honoured: zeroing is fast or refused at once.</summary>
    FastZero = 32,

    /// <summary><see cref="IBlockDevice.PrefetchAsync"/> does something.</summary>
    Prefetch = 64,

    /// <summary>A flush on one connection covers the completed writes of all of them. True for every immutable device.</summary>
    MultiConnection = 128,

    /// <summary><see cref="IBlockDevice.GetExtentsAsync"/> knows more than "all data".</summary>
    Extents = 256,
}

/// <summary>
/// What a device is: its size, its limits and its features. Fixed from the moment that the device is open.
/// </summary>
public sealed record BlockDeviceInfo
{
    /// <summary>Bytes; any number, not only multiples of a sector.</summary>
    public required long Size { get; init; }

    /// <summary>Offsets and lengths must be multiples of this many bytes (a power of two; 1: no rule).</summary>
    public int MinimumBlock { get; init; } = 1;

    /// <summary>Requests on multiples of this many bytes are served best (a power of two).</summary>
    public int PreferredBlock { get; init; } = 4096;

    /// <summary>The largest read or write in bytes.</summary>
    public int MaximumRequest { get; init; } = 32 * 1024 * 1024;

    public BlockDeviceFeatures Features { get; init; }

    /// <summary>Where the bytes come from, in words for people: <c>s3://bucket/key</c>, a path. Never holds a secret.</summary>
    public string Description { get; init; } = "";

    public bool IsReadOnly => !Has(BlockDeviceFeatures.Write);

    public bool Has(BlockDeviceFeatures features) => (Features & features) == features;
}
