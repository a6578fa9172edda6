using System.Diagnostics.Metrics;
using System.Globalization;

namespace Becket.Status;

/// <summary>
/// What this process takes of the machine, as the kernel says it. Its processor time and its garbage collections are among the
/// runtime's own instruments.
/// </summary>
internal sealed class ProcessInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly long _started = TimeProvider.System.GetTimestamp();

    public ProcessInstruments(object scope)
    {
        _meter = new Meter(new MeterOptions("Becket.Process") { Scope = scope });
        _meter.CreateObservableUpDownCounter(
            "process.memory.usage",
            static () => ResidentMemory(),
            "By",
            "Physical memory that the process uses.");
        _meter.CreateObservableUpDownCounter(
            "process.unix.file_descriptor.count",
            static () => OpenDescriptors(),
            "{file_descriptor}",
            "File descriptors that are open.");
        _meter.CreateObservableUpDownCounter("process.thread.count", static () => Threads(), "{thread}", "Threads of the process.");
        _meter.CreateObservableGauge(
            "process.uptime",
            () => TimeProvider.System.GetElapsedTime(_started).TotalSeconds,
            "s",
            "Time since the process began to tell.");
    }

    public static long ResidentMemory() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    /// <summary>Without the one that the look takes.</summary>
    public static long OpenDescriptors() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1;

    public static long Threads() => Directory.EnumerateDirectories("/proc/self/task").Count();

    public void Dispose() => _meter.Dispose();
}
