using System.Globalization;

namespace Becket;

/// <summary>Numbers of bytes as people write them, in powers of 1024: <c>1.5 GiB</c>.</summary>
internal static class ByteCount
{
    private static readonly string[] Units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    public static string Format(long bytes)
    {
        double value = bytes;
        var unit = 0;
        // 1023.95 would be rounded up to "1024.0".
        while (value >= 1023.95 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"{value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture)} {Units[unit]}");
    }

    /// <summary>Reads <c>4096</c>, <c>64K</c>, <c>1.5G</c>, <c>2 GiB</c>: K, M, G, T and P are powers of 1024, as in nbdkit.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var words = text.AsSpan().Trim();
        var unit = words.TrimStart("0123456789.");
        var number = words[..^unit.Length];
        unit = unit.TrimStart();
        var power = unit.Length == 0 ? 0 : "KMGTP".IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal) + 1;
        var isUnit = unit.Length == 0 || (power > 0 && (unit.Length == 1 || unit[1..] is "iB" or "ib" or "B" or "b"));
        if (!isUnit || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;
        value *= Math.Pow(1024, power);
        if (value > long.MaxValue / 2)
            return false;
        bytes = (long)value;
        return true;
    }
}
