using Becket.Blocks;

namespace Becket.Nbd;

/// <summary>What a server says about one export. Sizes are in bytes.</summary>
public sealed record NbdExport
{
    public required string Name { get; init; }

    /// <summary>The server's words for people; empty where it has none.</summary>
    public string Description { get; init; } = "";

    public required long Size { get; init; }

    /// <summary>What the export can do; <see cref="BlockDeviceFeatures.Extents"/>: the context base:allocation was selected.</summary>
    public BlockDeviceFeatures Features { get; init; }

    public bool IsReadOnly => !Features.HasFlag(BlockDeviceFeatures.Write);

    public int MinimumBlock { get; init; } = 1;

    public int PreferredBlock { get; init; } = 4096;

    /// <summary>The largest READ or WRITE; 32 MiB where the server does not say.</summary>
    public int MaximumRequest { get; init; } = 32 * 1024 * 1024;
}

/// <summary>One line of a server's list of exports.</summary>
public sealed record NbdListedExport(string Name, string Description);
