using Becket.Blocks.Caching;

namespace Becket.Sources;

/// <summary>What is to be cached where, as the command line says it.</summary>
internal sealed record CachePlan
{
    /// <summary>
    /// A sixteenth of the machine's memory, from 64 MiB, below which reading ahead for several readers pushes itself out, to
    /// 512 MiB, above which a laptop's other programs would notice.
    /// </summary>
    public static long DefaultMemory { get; } =
        Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16, 64L << 20, 512L << 20);

    /// <summary>10 GiB: a few systems' working sets.</summary>
    public const long DefaultFolderSize = 10L << 30;

    /// <summary>The folder of the disk cache; null: memory alone.</summary>
    public string? Folder { get; init; }

    /// <summary>Bytes that the folder may take.</summary>
    public long FolderSize { get; init; } = DefaultFolderSize;

    /// <summary>Bytes of memory for blocks.</summary>
    public long Memory { get; init; } = DefaultMemory;

    public CacheSettings Settings { get; init; } = new();

    /// <summary>The same plan, whose reads wait for a store so long and then fail.</summary>
    public CachePlan WaitingAtMost(TimeSpan time) => this with { Settings = Settings with { ReadDeadline = time + Grace } };

    /// <summary>What a read waits longer than the GET that it waits for, whose failure says what is wrong.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
}
