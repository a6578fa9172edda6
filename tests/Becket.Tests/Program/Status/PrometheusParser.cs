using System.Globalization;
using System.Text.RegularExpressions;

namespace Becket.Tests.Program.Status;

/// <summary>
/// A strict reader of Prometheus' text format 0.0.4: fails on whatever the format forbids (names, escapes, a type after its samples,
/// families that are torn apart, a sample twice) and on histograms that do not add up.
/// </summary>
internal sealed partial class PrometheusParser
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _help = new(StringComparer.Ordinal);
    private readonly HashSet<string> _finished = new(StringComparer.Ordinal);
    private string? _family;

    private PrometheusParser()
    {
    }

    /// <summary>Values by name and labels, as they are written.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    public IReadOnlyDictionary<string, string> Types => _types;

    public IReadOnlyDictionary<string, string> Help => _help;

    public static PrometheusParser Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var parser = new PrometheusParser();
        foreach (var line in text[..^1].Split('\n'))
            parser.ReadLine(line);
        parser.CheckHistograms();
        return parser;
    }

    private void ReadLine(string line)
    {
        if (HelpLine().Match(line) is { Success: true } help)
        {
            Begin(help.Groups["name"].Value);
            Assert.True(_help.TryAdd(_family!, help.Groups["text"].Value), $"help twice: {line}");
            return;
        }
        if (TypeLine().Match(line) is { Success: true } type)
        {
            Begin(type.Groups["name"].Value);
            Assert.True(_types.TryAdd(_family!, type.Groups["type"].Value), $"type twice: {line}");
            return;
        }
        var sample = SampleLine().Match(line);
        Assert.True(sample.Success, $"not a line of this format: {line}");
        var name = sample.Groups["name"].Value;
        Assert.NotNull(_family);
        Assert.True(
            name == _family || (_types[_family] == "histogram" && name[_family.Length..] is "_bucket" or "_sum" or "_count"),
            $"not of {_family}: {line}");
        var labels = LabelPair().Matches(sample.Groups["labels"].Value).Select(static pair => pair.Groups["name"].Value).ToList();
        Assert.Equal(labels.Count, labels.Distinct(StringComparer.Ordinal).Count());
        Assert.True(_samples.TryAdd(name + sample.Groups["labels"].Value, ParseValue(sample.Groups["value"].Value)), $"twice: {line}");
    }

    private void Begin(string family)
    {
        if (_family == family)
            return;
        if (_family is not null)
            _finished.Add(_family);
        Assert.DoesNotContain(family, _finished);
        _family = family;
    }

    private void CheckHistograms()
    {
        foreach (var family in _types.Where(static type => type.Value == "histogram").Select(static type => type.Key))
        {
            // In the order of the text, a series at a time.
            var (below, bound) = (0.0, double.NegativeInfinity);
            foreach (var (sample, value) in _samples.Where(sample => sample.Key.StartsWith($"{family}_bucket", StringComparison.Ordinal)))
            {
                var next = ParseValue(BoundLabel().Match(sample).Groups["bound"].Value);
                if (next <= bound)
                    (below, bound) = (0.0, double.NegativeInfinity);
                Assert.True(value >= below, $"less than the bucket before: {sample}");
                (below, bound) = (value, next);
                if (!double.IsPositiveInfinity(bound))
                    continue;
                var series = sample
                    .Replace($"{family}_bucket", $"{family}_count", StringComparison.Ordinal)
                    .Replace(",le=\"+Inf\"", "", StringComparison.Ordinal)
                    .Replace("{le=\"+Inf\"}", "", StringComparison.Ordinal);
                Assert.Equal(value, _samples[series]);
                Assert.Contains(series.Replace("_count", "_sum", StringComparison.Ordinal), _samples);
                (below, bound) = (0.0, double.NegativeInfinity);
            }
            Assert.Equal(double.NegativeInfinity, bound);
        }
    }

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("""^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<text>([^\\]|\\\\|\\n)*)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HelpLine();

    [GeneratedRegex(
        "^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram|summary|untyped)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeLine();

    [GeneratedRegex(
        """^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"""
        + """(?<labels>(\{([a-zA-Z_][a-zA-Z0-9_]*="([^\\"\n]|\\\\|\\"|\\n)*",?)+(?<!,)\})?) """
        + """(?<value>[-+]?([0-9.]+([eE][-+]?[0-9]+)?|Inf)|NaN)$""",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="([^\\"]|\\.)*"[,}]""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelPair();

    [GeneratedRegex("le=\"(?<bound>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BoundLabel();
}
