using System.Globalization;

namespace Becket.DevS3.Faults;

/// <summary>The textual form of faults, for a command line; <see cref="DevS3Faults.Parse"/> says how it looks.</summary>
internal static class FaultText
{
    private static readonly Dictionary<string, FaultKind> Kinds = new(StringComparer.Ordinal)
    {
        ["latency"] = FaultKind.Latency,
        ["slowdown"] = FaultKind.SlowDown,
        ["throttle"] = FaultKind.TooManyRequests,
        ["error"] = FaultKind.InternalError,
        ["denied"] = FaultKind.AccessDenied,
        ["expired"] = FaultKind.ExpiredToken,
        ["reset"] = FaultKind.Reset,
        ["reset-body"] = FaultKind.ResetInBody,
        ["reset-after"] = FaultKind.ResetAfterBody,
        ["truncate"] = FaultKind.Truncate,
        ["overlong"] = FaultKind.Overlong,
        ["stall"] = FaultKind.Stall,
        ["wrong-etag"] = FaultKind.WrongETag,
        ["wrong-range"] = FaultKind.WrongContentRange,
        ["ignore-range"] = FaultKind.IgnoreRange,
        ["replace"] = FaultKind.ReplaceObject,
        ["delete"] = FaultKind.DeleteObject,
    };

    public static (int Seed, IReadOnlyList<FaultRule> Rules) Parse(string text)
    {
        int seed = 1;
        var rules = new List<FaultRule>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=');
            string name = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? "" : part[(equals + 1)..];
            if (name == "seed")
            {
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seed))
                    throw new FormatException($"The seed '{value}' is not a number.");
            }
            else if (Kinds.TryGetValue(name, out FaultKind kind))
            {
                rules.Add(ParseRule(kind, part, value));
            }
            else
            {
                throw new FormatException($"There is no fault '{name}'; there are {string.Join(", ", Kinds.Keys)}.");
            }
        }
        return (seed, rules);
    }

    private static FaultRule ParseRule(FaultKind kind, string part, string value)
    {
        var rule = new FaultRule(kind);
        int colon = value.IndexOf(':');
        if (colon >= 0)
        {
            rule = rule with { Key = value[(colon + 1)..] };
            value = value[..colon];
        }
        int at = value.IndexOf('@');
        if (at >= 0)
        {
            rule = rule with { Method = value[(at + 1)..].ToUpperInvariant() };
            value = value[..at];
        }

        if (kind == FaultKind.Latency)
        {
            string[] times = value.Split("..");
            if (times.Length <= 2 && ParseTime(times[0]) is { } minimum && ParseTime(times[^1]) is { } maximum && minimum <= maximum)
                return rule with { MinimumLatency = minimum, MaximumLatency = maximum };
            throw new FormatException($"'{part}' needs a time or a range of times: latency=25ms, latency=10ms..1s.");
        }
        if (value.EndsWith('x') && int.TryParse(value[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            return rule with { Times = count };
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double chance) && chance <= 1)
            return rule with { Probability = chance };
        throw new FormatException($"'{part}' needs a probability from 0 to 1 or a count with an x: reset=0.05, reset=3x.");
    }

    private static TimeSpan? ParseTime(string text)
    {
        (string number, double milliseconds) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1.0)
            : text.EndsWith('s') ? (text[..^1], 1000.0)
            : ("", 0);
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)
            ? TimeSpan.FromMilliseconds(amount * milliseconds)
            : null;
    }
}
