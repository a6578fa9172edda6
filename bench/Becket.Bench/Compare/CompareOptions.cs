namespace Becket.Bench.Compare;

/// <summary>What a comparison shall do, as the command line says it.</summary>
internal sealed record CompareOptions
{
    /// <summary>An empty folder for images, sockets, caches and mount points; whoever gave it deletes it.</summary>
    public required string Work { get; init; }

    /// <summary>Where results go.</summary>
    public required string Out { get; init; }

    public required string Becket { get; init; }

    /// <summary>Options for every <c>becket serve</c>, beyond those that a race needs.</summary>
    public required IReadOnlyList<string> BecketOptions { get; init; }

    public required S3Account Account { get; init; }

    public required int Rounds { get; init; }

    public required IReadOnlyList<int> LatenciesMs { get; init; }

    /// <summary>Identifiers of rows; empty: all of them.</summary>
    public required IReadOnlyList<string> Rows { get; init; }

    /// <summary>Identifiers of peers, <c>becket</c> among them; empty: all of them.</summary>
    public required IReadOnlyList<string> Peers { get; init; }

    public required RaceLimits Limits { get; init; }

    public bool Wants(string row) => Rows.Count == 0 || Rows.Contains(row);

    public bool Races(string peer) => Peers.Count == 0 || Peers.Contains(peer);
}

/// <summary>How long races may take. Bounds cut slow peers off; run times are how long a fast one is watched.</summary>
internal sealed record RaceLimits(TimeSpan Copy, TimeSpan Mount, TimeSpan Sequential, TimeSpan Random, TimeSpan Warm)
{
    public static readonly RaceLimits Full = new(
        Copy: TimeSpan.FromSeconds(20), Mount: TimeSpan.FromSeconds(120),
        Sequential: TimeSpan.FromSeconds(5), Random: TimeSpan.FromSeconds(4), Warm: TimeSpan.FromSeconds(4));

    public static readonly RaceLimits Quick = new(
        Copy: TimeSpan.FromSeconds(5), Mount: TimeSpan.FromSeconds(10),
        Sequential: TimeSpan.FromSeconds(2), Random: TimeSpan.FromSeconds(2), Warm: TimeSpan.FromSeconds(2));
}

/// <summary>An S3 endpoint and the keys to it.</summary>
internal sealed record S3Account(Uri Endpoint, string AccessKey, string SecretKey);
