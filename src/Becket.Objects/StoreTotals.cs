namespace Becket.Objects;

/// <summary>
/// What went to a store until now, as <see cref="MeteredObjectStore"/> counted it. Counts that are taken during a request may
/// be apart by that request.
/// </summary>
public sealed record StoreTotals
{
    /// <summary>Reads that were begun: the ones that failed, were called off or sent beside another included.</summary>
    public required long Gets { get; init; }

    /// <summary>Look-ups.</summary>
    public required long Heads { get; init; }

    public required long Puts { get; init; }

    /// <summary>Pages of listings, of a thousand objects each.</summary>
    public required long Lists { get; init; }

    public required long Deletes { get; init; }

    /// <summary>Requests and bodies that failed, whether or not they were tried again; not the ones that were called off.</summary>
    public required long Errors { get; init; }

    /// <summary>Bytes of bodies that arrived, also of those that broke later.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Bytes of bodies that were put with success.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Half of the good answers to GETs came within this time; zero where there were none.</summary>
    public required TimeSpan FirstByteMedian { get; init; }

    /// <summary>99 of 100 good answers to GETs came within this time; zero where there were none.</summary>
    public required TimeSpan FirstBytePercentile99 { get; init; }

    /// <summary>
    /// What AWS would ask for these requests, in US dollars: list prices of S3 Standard in us-east-1, without traffic and
    /// storage. Deletes are free.
    /// </summary>
    public decimal RequestBill => ((Gets + Heads) * 0.0004m + (Puts + Lists) * 0.005m) / 1000;
}
