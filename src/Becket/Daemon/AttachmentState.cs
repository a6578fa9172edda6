using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Becket.Attaching;
using Becket.Mounting;

namespace Becket.Daemon;

/// <summary>
/// What an attachment is, as its state folder remembers it: enough to find the device again and to start a new process for it.
/// No secret is ever part of it.
/// </summary>
internal sealed record AttachmentState
{
    /// <summary>The source for people: without the query of a URL, which may be a signature.</summary>
    public required string Source { get; init; }

    /// <summary>Names the very bytes: ETag, version, size. A process that takes over serves these or fails.</summary>
    public required string Identity { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public required AttachmentMethod Via { get; init; }

    /// <summary>Such as <c>/dev/nbd0</c>; the file of the image where there is no device.</summary>
    public required string Device { get; init; }

    public string? MountPoint { get; init; }

    public string? FileSystem { get; init; }

    /// <summary>The device that is mounted: a partition, or the device itself.</summary>
    public string? MountedDevice { get; init; }

    /// <summary>Whether a process that takes over has taken away the dead mount, and is yet to mount it again.</summary>
    public bool IsBeingRemounted { get; init; }

    /// <summary>The process that serves.</summary>
    public required int Process { get; init; }

    /// <summary>The process that watches over it; null where the user or the service manager does.</summary>
    public int? Supervisor { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>The command line that began it, for a restart; null where it holds a secret.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>Where that command line was given.</summary>
    public string Folder { get; init; } = "/";

    /// <summary>Variables of the environment that it depends on and that are no secrets.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where its log goes; null for standard error.</summary>
    public string? Log { get; init; }

    /// <summary>Nodes in /dev that it had to make itself, as in a container; they go with it.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Whether it was mounted, and somebody has unmounted it since.</summary>
    public bool IsUnmounted() => MountPoint is not null && !IsBeingRemounted && !IsMounted();

    /// <summary>Whether it is still mounted where becket has mounted it, however that looks now from above.</summary>
    public bool IsMounted() => MountPoint is { } mountPoint && MountTable.Read().Any(mount => mount.Target == mountPoint
        && (MountedDevice is { } device ? mount.Source == device : mount.Type.StartsWith("fuse", StringComparison.Ordinal)));
}

[JsonSourceGenerationOptions(
    WriteIndented = false,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(AttachmentState))]
[JsonSerializable(typeof(AttachmentStatus))]
[JsonSerializable(typeof(IReadOnlyList<AttachmentStatus>))]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
[JsonSerializable(typeof(DaemonPlan))]
[JsonSerializable(typeof(StartReport))]
internal sealed partial class DaemonJson : JsonSerializerContext
{
    /// <summary>For people and scripts: indented, quotes as <c>\"</c> and not as <c>\u0022</c>.</summary>
    public static DaemonJson Readable => field ??= new DaemonJson(
        new JsonSerializerOptions(Default.Options) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
