namespace Becket.Objects;

/// <summary>When a second, identical GET is sent, and how many of them at most.</summary>
public sealed record HedgePolicy
{
    /// <summary>
    /// The part of the openings that a second GET does not wait for. With <see cref="Share"/> it decides who is hedged: a lower
    /// one would spend the budget on openings that are hardly late, before the ones that hang come.
    /// </summary>
    public double Percentile { get; init; } = 0.97;

    /// <summary>An opening within this many medians is not late, however little the others vary.</summary>
    public double Medians { get; init; } = 2;

    /// <summary>Nothing is late before this time: on a quick store a second GET costs more than it saves.</summary>
    public TimeSpan Floor { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Openings that must be known before anything is called late.</summary>
    public int FirstSamples { get; init; } = 32;

    /// <summary>How many openings the percentiles are taken of: the last so many to twice as many.</summary>
    public int Memory { get; init; } = 128;

    /// <summary>
    /// Second GETs per opening in the long run. Requests are a user's bill, and a store that is slow as a whole must not get
    /// more of them for it.
    /// </summary>
    public double Share { get; init; } = 0.03;

    /// <summary>Second GETs that may be saved up, to be sent in one go.</summary>
    public int Burst { get; init; } = 8;

    /// <summary>Of those, how many are there at the start.</summary>
    public int FirstBurst { get; init; } = 2;
}
