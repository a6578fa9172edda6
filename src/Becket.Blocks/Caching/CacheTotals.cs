namespace Becket.Blocks.Caching;

/// <summary>What a cached device did since it was opened. Numbers that are taken under way may be apart by what is under way.</summary>
public sealed record CacheTotals
{
    /// <summary>Reads that had to wait; all others were answered from memory.</summary>
    public required long Waits { get; init; }

    /// <summary>Half of all reads were answered within this time; zero: from memory.</summary>
    public required TimeSpan ReadMedian { get; init; }

    /// <summary>99 of 100 reads were answered within this time; zero: from memory.</summary>
    public required TimeSpan ReadPercentile99 { get; init; }

    /// <summary>Requests that somebody waited for when they were sent.</summary>
    public required long DemandGets { get; init; }

    /// <summary>Requests sent before anybody asked.</summary>
    public required long BackgroundGets { get; init; }

    /// <summary>Bytes that came by the former.</summary>
    public required long DemandBytes { get; init; }

    /// <summary>Bytes that came by the latter.</summary>
    public required long BackgroundBytes { get; init; }

    /// <summary>Bytes that came from the source.</summary>
    public long BytesFetched => DemandBytes + BackgroundBytes;

    /// <summary>Bytes that came from the disk level.</summary>
    public required long BytesFromDisk { get; init; }

    /// <summary>Requests that failed for good.</summary>
    public required long Failed { get; init; }

    /// <summary>Blocks of the disk level that failed their checksum and were fetched again.</summary>
    public required long DamagedBlocks { get; init; }
}
