using Becket.Blocks.Caching.Fetching;

namespace Becket.Blocks.Caching;

/// <summary>How a cache fetches. What is left null follows the policy, and within it what is measured of the store.</summary>
public sealed record CacheSettings
{
    /// <summary>GETs to a store at a time, at most; fewer on a slow line.</summary>
    public int Connections { get; init; } = 32;

    /// <summary>
    /// The aligned stretch around a miss that is fetched with it, in bytes; one piece (128 KiB) or less: that piece alone.
    /// </summary>
    public long? Zone { get; init; }

    /// <summary>How far a sequential reader is read ahead at most, in bytes; 0: not at all.</summary>
    public long? Readahead { get; init; }

    /// <summary>The store bills every byte that leaves it: fetch little that was not asked for.</summary>
    public FetchThrift Thrift { get; init; }

    /// <summary>
    /// How long a read may take in all, its turn included: below the 30 s after which the Linux kernel gives up on a request, so
    /// that it hears from us first.
    /// </summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromSeconds(28);

    /// <summary>What is fetched before anybody asks.</summary>
    public PrefetchMode Prefetch { get; init; } = PrefetchMode.Profile;

    /// <summary>A file with the device's profile, made if it is not there; null: beside its blocks on disk, where there are any.</summary>
    public string? ProfileFile { get; init; }

    internal FetchPolicy Policy
    {
        get
        {
            var policy = Thrift == FetchThrift.Thrifty ? FetchPolicy.Thrifty : FetchPolicy.Default;
            return policy with { Zone = Zone ?? policy.Zone, Readahead = Readahead ?? policy.Readahead };
        }
    }
}

/// <summary>What is dearer: a round trip or a byte.</summary>
public enum FetchThrift
{
    Quick,
    Thrifty,
}

/// <summary>What a cache fetches before anybody asks, behind everything that somebody waits for.</summary>
public enum PrefetchMode
{
    None,

    /// <summary>What the first user of last time touched in its first seconds, in that order.</summary>
    Profile,

    /// <summary>That, and then everything.</summary>
    All,
}
