namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// How much a cache fetches beyond what was asked for. All sizes are bytes and upper bounds: a store that was measured to be
/// near or slow gets less (<see cref="FetchSizes"/>). The rules are in this folder's README.
/// </summary>
internal sealed record FetchPolicy
{
    /// <summary>For stores that bill requests and time, not bytes.</summary>
    public static FetchPolicy Default { get; } = new();

    /// <summary>
    /// For stores that bill every byte that leaves them: when files are read, about 40 % of the bytes of <see cref="Default"/>
    /// in twice the time, 25 ms away. Who reads a device from end to end pays nothing for it: readahead wastes little.
    /// </summary>
    public static FetchPolicy Thrifty { get; } = new()
    {
        Zone = 1 << 20,
        InitialCredit = 32 << 20,
        MaximumCredit = 64 << 20,
        EarnedCredit = 1 << 20,
        Readahead = 16 << 20,
        Waiting = 64 << 20,
    };

    /// <summary>The aligned stretch around a miss that is fetched with it; a piece or less means the piece alone.</summary>
    public long Zone { get; init; } = 8 << 20;

    /// <summary>What may be fetched on speculation before anything proved useful.</summary>
    public long InitialCredit { get; init; } = 128 << 20;

    public long MaximumCredit { get; init; } = 256 << 20;

    /// <summary>What a piece earns that is asked for after it was fetched.</summary>
    public long EarnedCredit { get; init; } = 2 << 20;

    /// <summary>The longest GET that nobody waits for, and how far one that somebody waits for goes on behind what was missed.</summary>
    public long BackgroundGet { get; init; } = 1 << 20;

    /// <summary>
    /// The longest GET of what is read far ahead: a quarter of what is fetched at a time, up to this. Fewer requests cost the
    /// store and us less, and nobody is near those bytes yet.
    /// </summary>
    public long StreamGet { get; init; } = 4 << 20;

    /// <summary>The longest GET that somebody waits for: a longer read is brought in by several at once.</summary>
    public long DemandGet { get; init; } = 2 << 20;

    /// <summary>How far a stream is read ahead at its second read.</summary>
    public long FirstReadahead { get; init; } = 256 << 10;

    /// <summary>How far a stream is read ahead at most; zero turns readahead off.</summary>
    public long Readahead { get; init; } = 32 << 20;

    /// <summary>How many sequential readers are told apart.</summary>
    public int Streams { get; init; } = 16;

    /// <summary>How many bytes may wait for their turn in the background; the oldest are given up beyond that.</summary>
    public long Waiting { get; init; } = 256 << 20;
}
