using System.Globalization;
using System.Text;

namespace Becket.Status;

/// <summary>Writes metrics in Prometheus' text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <param name="metrics">Each name once.</param>
    /// <param name="target">What the process is, which OpenTelemetry calls its resource.</param>
    public static string Write(IEnumerable<Metric> metrics, IEnumerable<KeyValuePair<string, object?>> target)
    {
        var text = new StringBuilder();
        Head(text, "target_info", "gauge", "The process that these metrics are of.");
        Sample(text, "target_info", [.. target], extra: null, "1");
        foreach (var metric in metrics)
            Write(text, metric);
        return text.ToString();
    }

    private static void Write(StringBuilder text, Metric metric)
    {
        var series = metric.Series;
        if (series.Count == 0)
            return;
        var name = PrometheusNames.OfMetric(metric.Instrument.Name, metric.Instrument.Unit, metric.Kind);
        Head(text, name, metric.Kind.ToString().ToLowerInvariant(), metric.Instrument.Description);
        foreach (var one in series)
        {
            if (metric.Kind == MetricKind.Histogram)
                WriteHistogram(text, name, metric.Bounds, one);
            else
                Sample(text, name, one.Tags, extra: null, Number(one.Value));
        }
    }

    private static void WriteHistogram(StringBuilder text, string name, double[] bounds, Series series)
    {
        // The count is that of the buckets, so that a scrape never sees more values than there are in them.
        var counts = series.Counts();
        var below = 0L;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            below += counts[bucket];
            var bound = bucket < bounds.Length ? Number(bounds[bucket]) : "+Inf";
            Sample(text, $"{name}_bucket", series.Tags, extra: bound, below.ToString(CultureInfo.InvariantCulture));
        }
        Sample(text, $"{name}_sum", series.Tags, extra: null, Number(series.Value));
        Sample(text, $"{name}_count", series.Tags, extra: null, below.ToString(CultureInfo.InvariantCulture));
    }

    private static void Head(StringBuilder text, string name, string type, string? description)
    {
        if (!string.IsNullOrEmpty(description))
            text.Append("# HELP ").Append(name).Append(' ').Append(EscapeHelp(description)).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <param name="text">Where to.</param>
    /// <param name="name">The sample's name.</param>
    /// <param name="tags">Its labels.</param>
    /// <param name="extra">The value of the label <c>le</c>, where there is one.</param>
    /// <param name="value">Its value.</param>
    private static void Sample(
        StringBuilder text, string name, IReadOnlyList<KeyValuePair<string, object?>> tags, string? extra, string value)
    {
        text.Append(name);
        if (tags.Count > 0 || extra is not null)
        {
            text.Append('{');
            foreach (var (key, tagged) in tags)
                Label(text, PrometheusNames.OfLabel(key), Convert.ToString(tagged, CultureInfo.InvariantCulture) ?? "");
            if (extra is not null)
                Label(text, "le", extra);
            text.Length--; // the last comma
            text.Append('}');
        }
        text.Append(' ').Append(value).Append('\n');
    }

    private static void Label(StringBuilder text, string name, string value) =>
        text.Append(name).Append("=\"").Append(EscapeLabel(value)).Append("\",");

    private static string EscapeLabel(string value) => EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string EscapeHelp(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
