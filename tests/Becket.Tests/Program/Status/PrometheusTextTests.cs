using System.Diagnostics.Metrics;
using Becket.Status;

namespace Becket.Tests.Program.Status;

public sealed class PrometheusTextTests : IDisposable
{
    private readonly Meter _meter;
    private readonly MetricsCollector _collector;

    public PrometheusTextTests()
    {
        _meter = new Meter(new MeterOptions("Becket.Test") { Scope = this });
        _collector = new MetricsCollector(this);
    }

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_counter_is_written_to_the_letter()
    {
        var counter = _meter.CreateCounter<long>("becket.test.io", "By", "Bytes.");
        counter.Add(5, new KeyValuePair<string, object?>("becket.device.name", "disk"));
        counter.Add(7, new KeyValuePair<string, object?>("becket.device.name", "disk"));

        Assert.Contains(
            "# HELP becket_test_io_bytes_total Bytes.\n# TYPE becket_test_io_bytes_total counter\n"
            + "becket_test_io_bytes_total{becket_device_name=\"disk\"} 12\n",
            Write(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_has_cumulative_buckets_with_inclusive_bounds()
    {
        var histogram = _meter.CreateHistogram(
            "t.duration", "s", "Time.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (var value in (double[])[0.25, 0.5, 1, 1, 3])
            histogram.Record(value);

        Assert.EndsWith(
            """
            # HELP t_duration_seconds Time.
            # TYPE t_duration_seconds histogram
            t_duration_seconds_bucket{le="0.5"} 2
            t_duration_seconds_bucket{le="1"} 4
            t_duration_seconds_bucket{le="+Inf"} 5
            t_duration_seconds_sum 5.75
            t_duration_seconds_count 5

            """,
            Write(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_without_bounds_counts_and_adds_up()
    {
        _meter.CreateHistogram<double>("t.plain").Record(2.5);
        var samples = Parse().Samples;
        Assert.Equal(1, samples["t_plain_bucket{le=\"+Inf\"}"]);
        Assert.Equal(2.5, samples["t_plain_sum"]);
    }

    [Theory]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("\\n\n\"", "\\\\n\\n\\\"")]
    [InlineData("größe €", "größe €")]
    [InlineData("", "")]
    public void Label_values_are_escaped(string value, string escaped)
    {
        _meter.CreateCounter<long>("t.labels").Add(1, new KeyValuePair<string, object?>("a.b", value));
        Assert.Equal(1, Parse().Samples[$"t_labels_total{{a_b=\"{escaped}\"}}"]);
    }

    [Fact]
    public void Help_is_one_line()
    {
        _meter.CreateCounter<long>("t.help", unit: null, "one\\two\n\"three\"").Add(1);
        Assert.Equal("one\\\\two\\n\"three\"", Parse().Help["t_help_total"]);
    }

    [Fact]
    public void Gauges_go_up_and_down_and_may_be_anything()
    {
        _meter.CreateUpDownCounter<int>("t.level").Add(3);
        _meter.CreateObservableGauge("t.least", static () => double.NegativeInfinity);
        _meter.CreateObservableGauge("t.none", static () => double.NaN);
        var text = Parse();
        Assert.Equal(3, text.Samples["t_level"]);
        Assert.Equal(double.NegativeInfinity, text.Samples["t_least"]);
        Assert.Equal(double.NaN, text.Samples["t_none"]);
        Assert.Equal("gauge", text.Types["t_level"]);
    }

    [Fact]
    public void An_instrument_that_was_never_used_is_not_written()
    {
        _meter.CreateCounter<long>("t.silent");
        Assert.DoesNotContain("silent", Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_runtime_is_asked_too()
    {
        var samples = Parse().Samples;
        Assert.Contains(samples.Keys, static key => key.StartsWith("dotnet_gc_collections_total{", StringComparison.Ordinal));
        Assert.Contains(samples.Keys, static key => key.StartsWith("target_info{service_name=\"becket\"", StringComparison.Ordinal));
    }

    private string Write()
    {
        var metrics = _collector.Collect()
            .Where(static metric => metric.Instrument.Meter.Name is "Becket.Test" or "System.Runtime")
            .OrderByDescending(static metric => metric.Instrument.Meter.Name);
        return PrometheusText.Write(metrics, [new("service.name", "becket")]);
    }

    private PrometheusParser Parse() => PrometheusParser.Parse(Write());
}
