using System.Globalization;

namespace Becket;

/// <summary>Times as people write them: <c>30</c> (seconds), <c>90s</c>, <c>5m</c>, <c>1.5h</c>, <c>1d</c>.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        var number = text.AsSpan().Trim();
        var seconds = number is [.., var unit] ? unit switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 } : 0;
        if (seconds > 0)
            number = number[..^1];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || !(value <= 1e6)) // nor what is no number
        {
            return false;
        }
        time = TimeSpan.FromSeconds(value * Math.Max(seconds, 1));
        return true;
    }
}
