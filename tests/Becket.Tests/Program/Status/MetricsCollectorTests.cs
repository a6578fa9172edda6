using System.Diagnostics.Metrics;
using Becket.Status;

namespace Becket.Tests.Program.Status;

public sealed class MetricsCollectorTests : IDisposable
{
    private readonly Meter _meter;
    private readonly MetricsCollector _collector;

    public MetricsCollectorTests()
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
    public async Task Nothing_is_lost_when_many_threads_count_at_once()
    {
        var counter = _meter.CreateCounter<long>("t.count");
        var histogram = _meter.CreateHistogram(
            "t.sizes",
            unit: null,
            description: null,
            tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            // Strings of its own, which say what the others' do.
            var tag = new KeyValuePair<string, object?>("key", new string(['v', (char)('0' + (thread % 2))]));
            for (var i = 0; i < 10_000; i++)
            {
                counter.Add(1, tag);
                histogram.Record(2, tag);
            }
        }, TestContext.Current.CancellationToken)));

        Assert.Equal([20_000.0, 20_000.0], Find("t.count").Series.Select(static series => series.Value));
        Assert.Equal([40_000.0, 40_000.0], Find("t.sizes").Series.Select(static series => series.Value));
        Assert.All(Find("t.sizes").Series, static series => Assert.Equal([0, 20_000, 0], series.Counts()));
    }

    [Fact]
    public void Equal_text_shares_a_series_however_many_strings_say_it()
    {
        var counter = _meter.CreateCounter<long>("t.count");
        for (var i = 0; i < 10_000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("key", new string('v', 1 + (i % 3))));
        Assert.Equal(["v", "vv", "vvv"], Find("t.count").Series.Select(static series => series.Tags[0].Value));
        Assert.Equal(10_000, Find("t.count").Series.Sum(static series => series.Value));
    }

    [Fact]
    public void Strings_made_anew_for_each_measurement_are_not_all_remembered()
    {
        const int Measurements = 10_000;
        var counter = _meter.CreateCounter<long>("t.count");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Measurements; i++)
            counter.Add(1, new KeyValuePair<string, object?>("key", new string('v', 3)));
        // A table of thousands, copied for each of them, would be a hundred times as much.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Measurements * 1024);
        Assert.Equal(Measurements, Assert.Single(Find("t.count").Series).Value);
    }

    [Fact]
    public void Many_sets_of_tags_are_told_apart()
    {
        var counter = _meter.CreateCounter<double>("t.count");
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 500; i++)
                counter.Add(
                    i + 0.5, new KeyValuePair<string, object?>("a", $"{i % 25}"), new KeyValuePair<string, object?>("b", $"{i / 25}"));
        }
        Assert.Equal(500, Find("t.count").Series.Count);
        Assert.Equal(
            Enumerable.Range(0, 500).Select(static i => 2 * (i + 0.5)), Find("t.count").Series.Select(static series => series.Value));
    }

    [Fact]
    public void What_is_not_observed_any_more_is_gone()
    {
        string[] there = ["a", "b"];
        _meter.CreateObservableGauge(
            "t.there",
            () => there.Select(static name => new Measurement<long>(1, new KeyValuePair<string, object?>("name", name))));
        Assert.Equal(2, Collect("t.there").Series.Count);
        there = ["b"];
        Assert.Equal("b", Assert.Single(Collect("t.there").Series).Tags[0].Value);
    }

    [Fact]
    public void An_observed_counter_says_its_whole_value_each_time()
    {
        var value = 5L;
        _meter.CreateObservableCounter("t.seen", () => value);
        Collect("t.seen");
        value = 9;
        Assert.Equal(9, Assert.Single(Collect("t.seen").Series).Value);
    }

    [Fact]
    public void Meters_of_others_are_left_alone()
    {
        using var others = new Meter(new MeterOptions("Becket.Test") { Scope = new object() });
        using var foreign = new Meter("Somebody.Else");
        Assert.False(others.CreateCounter<long>("t.others").Enabled);
        Assert.False(foreign.CreateCounter<long>("t.foreign").Enabled);
        Assert.Null(_collector.Find("t.others"));
    }

    private Metric Find(string name) => _collector.Find(name)!;

    private Metric Collect(string name) => _collector.Collect().Single(metric => metric.Instrument.Name == name);
}
