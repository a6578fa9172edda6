using Becket.Blocks.Caching.Disk;
using Becket.Blocks.Caching.Memory;

namespace Becket.Blocks.Caching;

/// <summary>
/// The room that all cached devices of a process share: memory, and below it a folder on disk where there is one. Owns both;
/// disposed after the devices.
/// </summary>
public sealed class BlockCache : IDisposable
{
    /// <summary>What must fit in beside the pieces that are being filled, written and copied at one moment.</summary>
    public const long MinimumMemory = 16 * 1024 * 1024;

    /// <param name="memory">Bytes of memory for blocks; at least <see cref="MinimumMemory"/>.</param>
    /// <param name="disk">The level below, or null.</param>
    public BlockCache(long memory, DiskCache? disk)
        : this(disk, memory >= MinimumMemory ? memory : throw new ArgumentOutOfRangeException(nameof(memory)))
    {
    }

    private BlockCache(DiskCache? disk, long memory)
    {
        MemorySize = memory;
        Memory = new MemoryCache(memory);
        Disk = disk;
        DiskWriter = new DiskWriter(Memory.Memory);
    }

    /// <summary>One of so little memory that everything has to wait for a slot; for tests.</summary>
    internal static BlockCache OfPieces(int pieces, DiskCache? disk) => new(disk, (long)pieces * CacheGeometry.Piece);

    /// <summary>Bytes of memory for blocks.</summary>
    public long MemorySize { get; }

    /// <summary>How full it is.</summary>
    public BlockCacheTotals Totals => new()
    {
        MemorySize = MemorySize,
        MemoryUsed = Math.Min(MemorySize, Memory.Used * (long)CacheGeometry.Piece),
        MemoryEvictions = Memory.Evictions,
        Disk = Disk?.Totals,
    };

    /// <summary>
    /// Guards everything that the cache and the schedulers of its devices know. Held for moments; nothing waits under it.
    /// </summary>
    internal Lock Gate { get; } = new();

    internal MemoryCache Memory { get; }

    internal DiskCache? Disk { get; }

    internal DiskWriter DiskWriter { get; }

    public void Dispose()
    {
        DiskWriter.Dispose();
        Disk?.Dispose();
        Memory.Dispose();
    }
}
