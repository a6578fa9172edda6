using System.Text;

namespace Becket.Status;

/// <summary>
/// Names of OpenTelemetry in Prometheus' spelling, by the rules of OpenTelemetry's "Prometheus and OpenMetrics Compatibility": what
/// may not be in a name becomes an underscore, the unit goes behind it in full, and <c>_total</c> behind counters.
/// </summary>
internal static class PrometheusNames
{
    public static string OfMetric(string name, string? unit, MetricKind kind)
    {
        var text = Clean(name);
        // A counter ends in _total, behind its unit, also where its own name says so already.
        if (kind == MetricKind.Counter && EndsWithWords(text, "total"))
            text = text[..^"_total".Length];
        if (UnitSuffix(unit, kind) is { } suffix && !EndsWithWords(text, suffix))
            text = $"{text}_{suffix}";
        return kind == MetricKind.Counter ? $"{text}_total" : text;
    }

    public static string OfLabel(string name) => Clean(name);

    private static string? UnitSuffix(string? unit, MetricKind kind)
    {
        if (string.IsNullOrEmpty(unit))
            return null;
        if (unit == "1")
            return kind == MetricKind.Gauge ? "ratio" : null;
        var parts = WithoutAnnotations(unit).Split('/', 2);
        var suffix = Word(parts[0]);
        if (parts.Length == 2 && parts[1].Length > 0)
            suffix = suffix.Length == 0 ? $"per_{PerWord(parts[1])}" : $"{suffix}_per_{PerWord(parts[1])}";
        return suffix.Length == 0 ? null : suffix;
    }

    /// <summary>What stands in braces is for people: <c>{request}</c>.</summary>
    private static string WithoutAnnotations(string unit)
    {
        var text = new StringBuilder();
        var depth = 0;
        foreach (var character in unit)
        {
            if (character == '{')
                depth++;
            else if (character == '}')
                depth--;
            else if (depth == 0)
                text.Append(character);
        }
        return text.ToString();
    }

    private static string Word(string unit) => unit switch
    {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "%" => "percent",
        "" => "",
        _ => Clean(unit),
    };

    private static string PerWord(string unit) => unit switch
    {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        _ => Clean(unit),
    };

    private static bool EndsWithWords(string name, string words) =>
        name.EndsWith($"_{words}", StringComparison.Ordinal);

    /// <summary>Letters, digits and single underscores; no digit first.</summary>
    private static string Clean(string name)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterOrDigit(character))
                text.Append(character);
            else if (text.Length == 0 || text[^1] != '_')
                text.Append('_');
        }
        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
            text.Insert(0, '_');
        return text.ToString();
    }
}
