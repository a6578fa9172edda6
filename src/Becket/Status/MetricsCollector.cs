using System.Diagnostics.Metrics;

namespace Becket.Status;

/// <summary>
/// Listens to the instruments of this program and to a few of the runtime's, and keeps their cumulative values. What it keeps can
/// be looked at any time, by any thread; recording takes no lock.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    public const string RuntimeMeter = "System.Runtime";

    /// <summary>Of the runtime's instruments, those that say something of a program that was compiled ahead of time.</summary>
    private static readonly string[] RuntimeInstruments =
        ["dotnet.gc.", "dotnet.process.cpu.time", "dotnet.thread_pool.", "dotnet.monitor.", "dotnet.exceptions"];

    private readonly object? _scope;
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<Metric> _metrics = []; // guarded by _gate

    /// <param name="scope">Meters that were made for somebody else's scope are left out; those without one are everybody's.</param>
    public MetricsCollector(object? scope)
    {
        _scope = scope;
        _listener.InstrumentPublished = Publish;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, metric) => ((Metric)metric!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, metric) => ((Metric)metric!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, metric) => ((Metric)metric!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Asks the observable instruments, and returns everything by name.</summary>
    public IReadOnlyList<Metric> Collect()
    {
        lock (_gate)
        {
            foreach (var metric in _metrics)
                metric.ForgetObservations();
            _listener.RecordObservableInstruments();
            return [.. _metrics.OrderBy(static metric => metric.Instrument.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>What was recorded so far for an instrument; null where nobody has it.</summary>
    public Metric? Find(string instrument)
    {
        lock (_gate)
            return _metrics.Find(metric => metric.Instrument.Name == instrument);
    }

    public void Dispose() => _listener.Dispose();

    private void Publish(Instrument instrument, MeterListener listener)
    {
        if (!IsWanted(instrument) || Metric.Of(instrument) is not { } metric)
            return;
        lock (_gate)
            _metrics.Add(metric);
        listener.EnableMeasurementEvents(instrument, metric);
    }

    private bool IsWanted(Instrument instrument) => instrument.Meter.Name == RuntimeMeter
        ? RuntimeInstruments.Any(start => instrument.Name.StartsWith(start, StringComparison.Ordinal))
        : instrument.Meter.Name.StartsWith("Becket.", StringComparison.Ordinal)
            && (instrument.Meter.Scope is null || instrument.Meter.Scope == _scope);
}
