namespace Becket.Blocks.Caching;

/// <summary>How full the cache of a process is, and what it had to give up. Taken without a lock: numbers of about one moment.</summary>
public sealed record BlockCacheTotals
{
    /// <summary>Bytes of memory for blocks.</summary>
    public required long MemorySize { get; init; }

    /// <summary>Bytes of it that belong to some piece.</summary>
    public required long MemoryUsed { get; init; }

    /// <summary>Pieces that left memory for others.</summary>
    public required long MemoryEvictions { get; init; }

    /// <summary>What the folder on disk holds and may hold; null where there is none.</summary>
    public required DiskCacheTotals? Disk { get; init; }
}

/// <summary>The same of the folder on disk.</summary>
/// <param name="Limit">Bytes that it may take, whoever filled it.</param>
/// <param name="Used">Bytes that it took when it was measured last, and what this process wrote since.</param>
/// <param name="Evictions">Pieces that this process took out of it.</param>
/// <param name="DamagedBlocks">Blocks that this process found damaged and fetched again.</param>
/// <param name="IsOff">Nothing is stored any more.</param>
public sealed record DiskCacheTotals(long Limit, long Used, long Evictions, long DamagedBlocks, bool IsOff);
