using System.Diagnostics.Metrics;

namespace Becket.Blocks.Filters;

/// <summary>
/// The instruments of <see cref="MeterFilter"/> in <see cref="System.Diagnostics.Metrics"/>, one set for the process; a tag
/// tells devices apart. Nothing is measured for an instrument that nobody listens to.
/// </summary>
/// <remarks>
/// <code>
/// becket.device.io                  By           bytes of successful operations
/// becket.device.operations          {operation}  operations that have ended
/// becket.device.operation.duration  s            how long they took
///
/// becket.device.name       every one   the device's or export's name
/// becket.device.operation  every one   read, write, zero, trim, flush, prefetch, extents
/// error.type               of failed   io, read_only, invalid, no_space, not_supported, cancelled, other
/// </code>
/// </remarks>
public static class DeviceMetrics
{
    /// <summary>What a listener subscribes to.</summary>
    public const string MeterName = "Becket.Blocks";

    /// <summary>The histogram of how long operations took.</summary>
    public const string DurationName = "becket.device.operation.duration";

    /// <summary>The tags that every instrument has.</summary>
    public const string DeviceTagName = "becket.device.name";
    public const string OperationTagName = "becket.device.operation";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Bytes =
        Meter.CreateCounter<long>("becket.device.io", "By", "Bytes read, written, zeroed, trimmed, prefetched or described.");

    private static readonly Counter<long> Operations =
        Meter.CreateCounter<long>("becket.device.operations", "{operation}", "Operations that have ended.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        DurationName,
        "s",
        "Time from an operation's start to its end.",
        tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        });

    private static readonly KeyValuePair<string, object?>[] OperationTags =
        [.. Enum.GetValues<DeviceOperation>().Select(static o => new KeyValuePair<string, object?>(OperationTagName, Name(o)))];

    internal static bool AnyoneListens => Operations.Enabled || Bytes.Enabled || Duration.Enabled;

    internal static KeyValuePair<string, object?> DeviceTag(string name) => new(DeviceTagName, name);

    internal static void RecordSuccess(KeyValuePair<string, object?> device, DeviceOperation operation, long bytes, TimeSpan duration)
    {
        var verb = OperationTags[(int)operation];
        Operations.Add(1, device, verb);
        Bytes.Add(bytes, device, verb);
        Duration.Record(duration.TotalSeconds, device, verb);
    }

    internal static void RecordFailure(KeyValuePair<string, object?> device, DeviceOperation operation, Exception error, TimeSpan duration)
    {
        var verb = OperationTags[(int)operation];
        var type = new KeyValuePair<string, object?>("error.type", ErrorType(error));
        Operations.Add(1, device, verb, type);
        Duration.Record(duration.TotalSeconds, device, verb, type);
    }

    private static string Name(DeviceOperation operation) => operation switch
    {
        DeviceOperation.Read => "read",
        DeviceOperation.Write => "write",
        DeviceOperation.Zero => "zero",
        DeviceOperation.Trim => "trim",
        DeviceOperation.Flush => "flush",
        DeviceOperation.Prefetch => "prefetch",
        _ => "extents",
    };

    private static string ErrorType(Exception error) => error switch
    {
        OperationCanceledException => "cancelled",
        BlockDeviceException { Error: BlockError.Io } => "io",
        BlockDeviceException { Error: BlockError.ReadOnly } => "read_only",
        BlockDeviceException { Error: BlockError.Invalid } => "invalid",
        BlockDeviceException { Error: BlockError.NoSpace } => "no_space",
        BlockDeviceException { Error: BlockError.NotSupported } => "not_supported",
        _ => "other",
    };
}
