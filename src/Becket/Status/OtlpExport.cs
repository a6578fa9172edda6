using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Becket.Status;

/// <summary>
/// Sends the metrics to a collector, where the environment names one by OpenTelemetry's own variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; all others of its specification count as well). Disposing it sends what is left, and waits
/// some seconds for that.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private readonly ServedInstruments? _served;
    private readonly ProcessInstruments? _process;
    private readonly MeterProvider _provider;

    private OtlpExport(StatusBoard board, StatusAddress? address)
    {
        // The status server has made them where there is one; twice, they would be counted twice.
        if (address is null)
            (_served, _process) = (new ServedInstruments(board), new ProcessInstruments(board));
        _provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty()
                .AddService("becket", serviceVersion: ProgramVersion.Text)
                .AddTelemetrySdk()
                .AddEnvironmentVariableDetector())
            .AddMeter("Becket.*")
            .AddMeter(MetricsCollector.RuntimeMeter)
            .AddOtlpExporter()
            .Build();
    }

    /// <summary>Starts sending, or returns null where nobody asks for it.</summary>
    /// <param name="board">What is served.</param>
    /// <param name="address">Where the status server listens; null where there is none.</param>
    public static OtlpExport? Start(StatusBoard board, StatusAddress? address) => IsWanted ? new OtlpExport(board, address) : null;

    public void Dispose()
    {
        _provider.Dispose();
        _process?.Dispose();
        _served?.Dispose();
    }

    private static bool IsWanted =>
        (Variable("OTEL_EXPORTER_OTLP_ENDPOINT") ?? Variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")) is not null
        && Variable("OTEL_METRICS_EXPORTER") != "none"
        && !string.Equals(Variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
