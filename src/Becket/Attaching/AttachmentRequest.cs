using System.Text.Json.Serialization;
using Becket.Serving;
using Becket.Sources;
using Becket.Status;

namespace Becket.Attaching;

/// <summary>How a device gets into the kernel.</summary>
internal enum AttachmentMethod
{
    /// <summary>The nbd driver.</summary>
    [JsonStringEnumMemberName("nbd")]
    Nbd,

    /// <summary>A FUSE file, and a loop device over it where there are the rights for one.</summary>
    [JsonStringEnumMemberName("fuse")]
    Fuse,
}

/// <summary>What a user wants attached and mounted, with every path made absolute.</summary>
internal sealed record AttachmentRequest
{
    public required DeviceSource Source { get; init; }

    /// <summary>The partition to mount; 0 for the whole device; null for the only file system.</summary>
    public int? Partition { get; init; }

    /// <summary>Where to mount; null to attach alone.</summary>
    public string? MountPoint { get; init; }

    /// <summary>Options for mount(8).</summary>
    public IReadOnlyList<string> MountOptions { get; init; } = [];

    /// <summary>Null: whichever works here.</summary>
    public AttachmentMethod? Method { get; init; }

    /// <summary>How long a read may wait for a store that is away before it fails.</summary>
    public required TimeSpan IoTimeout { get; init; }

    public required StoreSettings Store { get; init; }

    public required CachePlan Cache { get; init; }

    public bool IsVerbose { get; init; }

    /// <summary>Where the serving process tells how it is; null: nowhere.</summary>
    public StatusAddress? Status { get; init; }

    public LogFormat LogFormat { get; init; }
}
