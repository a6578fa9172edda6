using System.Diagnostics.Metrics;

namespace Becket.Status;

/// <summary>What a metric's values mean to those who read them.</summary>
internal enum MetricKind
{
    /// <summary>Only ever grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>A distribution.</summary>
    Histogram,
}

/// <summary>
/// An instrument and its cumulative values, a series for each set of tags that it was used with. For many threads at once.
/// </summary>
internal sealed class Metric
{
    private readonly SeriesTable _series;
    private readonly bool _isSet; // a measurement replaces what was there, as those of observable instruments do

    private Metric(Instrument instrument, MetricKind kind, bool isSet, IReadOnlyList<double>? bounds)
    {
        (Instrument, Kind, _isSet) = (instrument, kind, isSet);
        Bounds = [.. bounds ?? []];
        _series = new SeriesTable(tags => new Series(tags, Bounds));
    }

    public Instrument Instrument { get; }

    public MetricKind Kind { get; }

    /// <summary>Of a histogram: the upper bounds of its buckets but the last, ascending. A value that equals a bound is below it.</summary>
    public double[] Bounds { get; }

    /// <summary>The series, in the order in which they came.</summary>
    public IReadOnlyList<Series> Series => _series.All;

    /// <summary>Null for kinds of instrument that nobody here uses.</summary>
    public static Metric? Of(Instrument instrument) => instrument switch
    {
        Counter<long> or Counter<int> or Counter<double> =>
            new Metric(instrument, MetricKind.Counter, isSet: false, bounds: null),
        ObservableCounter<long> or ObservableCounter<int> or ObservableCounter<double> =>
            new Metric(instrument, MetricKind.Counter, isSet: true, bounds: null),
        UpDownCounter<long> or UpDownCounter<int> or UpDownCounter<double> =>
            new Metric(instrument, MetricKind.Gauge, isSet: false, bounds: null),
        ObservableUpDownCounter<long> or ObservableUpDownCounter<int> or ObservableUpDownCounter<double> =>
            new Metric(instrument, MetricKind.Gauge, isSet: true, bounds: null),
        ObservableGauge<long> or ObservableGauge<int> or ObservableGauge<double> =>
            new Metric(instrument, MetricKind.Gauge, isSet: true, bounds: null),
        Histogram<double> histogram =>
            new Metric(instrument, MetricKind.Histogram, isSet: false, histogram.Advice?.HistogramBucketBoundaries),
        _ => null,
    };

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = _series.Find(tags);
        if (Kind == MetricKind.Histogram)
            series.Count(value);
        else if (_isSet)
            series.Set(value);
        else
            series.Add(value);
    }

    public void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_isSet && Kind == MetricKind.Counter)
            _series.Find(tags).Add(value);
        else
            Record((double)value, tags);
    }

    /// <summary>What is observed is only there as long as the observed thing is.</summary>
    public void ForgetObservations()
    {
        if (_isSet)
            _series.Clear();
    }
}
