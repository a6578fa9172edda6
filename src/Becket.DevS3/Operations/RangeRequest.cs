using System.Globalization;

namespace Becket.DevS3.Operations;

/// <summary>
/// One range of bytes as a Range header asks for it (RFC 9110, 14.1.2). S3 answers one range at most: a header with
/// several, or one it cannot read, counts as none, and the whole object is sent.
/// </summary>
/// <param name="First">The first byte; null for a suffix.</param>
/// <param name="Last">The last byte, inclusive; null for "to the end"; of a suffix, its length.</param>
internal readonly record struct RangeRequest(long? First, long? Last)
{
    public static RangeRequest? Parse(string? header)
    {
        const string Unit = "bytes=";
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
            return null;
        ReadOnlySpan<char> range = header.AsSpan(Unit.Length).Trim();
        int dash = range.IndexOf('-');
        if (dash < 0 || !TryParse(range[..dash], out long? first) || !TryParse(range[(dash + 1)..], out long? last))
            return null;
        return (first is null && last is null) || first > last ? null : new RangeRequest(first, last);
    }

    /// <summary>The bytes of an object of this size that are meant, clipped to its end; null where none of them is in it.</summary>
    public (long Offset, long Length)? Resolve(long size)
    {
        if (First is { } first)
            return first >= size ? null : (first, Math.Min(Last ?? long.MaxValue - 1, size - 1) - first + 1);
        long suffix = Math.Min(Last!.Value, size);
        return suffix == 0 ? null : (size - suffix, suffix);
    }

    private static bool TryParse(ReadOnlySpan<char> digits, out long? value)
    {
        value = null;
        if (digits.IsEmpty)
            return true;
        bool valid = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        value = number;
        return valid;
    }
}
