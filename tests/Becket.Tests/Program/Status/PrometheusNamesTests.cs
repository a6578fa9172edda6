using Becket.Status;

namespace Becket.Tests.Program.Status;

public class PrometheusNamesTests
{
    [Theory]
    [InlineData("becket.device.io", "By", "Counter", "becket_device_io_bytes_total")]
    [InlineData("becket.device.operations", "{operation}", "Counter", "becket_device_operations_total")]
    [InlineData("becket.device.operation.duration", "s", "Histogram", "becket_device_operation_duration_seconds")]
    [InlineData("becket.cache.memory.usage", "By", "Gauge", "becket_cache_memory_usage_bytes")]
    [InlineData("process.uptime", "s", "Gauge", "process_uptime_seconds")]
    [InlineData("share", "1", "Gauge", "share_ratio")]
    [InlineData("share", "1", "Counter", "share_total")]
    [InlineData("speed", "m/s", "Gauge", "speed_m_per_second")]
    [InlineData("speed", "By/s", "Gauge", "speed_bytes_per_second")]
    [InlineData("speed", "{request}/s", "Gauge", "speed_per_second")]
    [InlineData("full", "%", "Gauge", "full_percent")]
    [InlineData("io.bytes", "By", "Gauge", "io_bytes")]
    [InlineData("io.bytes.total", "By", "Counter", "io_bytes_total")]
    [InlineData("a..b--c", null, "Gauge", "a_b_c")]
    [InlineData("2nd", null, "Gauge", "_2nd")]
    [InlineData("name", "", "Gauge", "name")]
    public void Names_and_units_become_one_name(string name, string? unit, string kind, string expected) =>
        Assert.Equal(expected, PrometheusNames.OfMetric(name, unit, Enum.Parse<MetricKind>(kind)));
}
