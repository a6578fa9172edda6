using System.Globalization;

namespace Becket.Objects.Http;

/// <summary>
/// The header <c>Content-Range</c> of an answer to a ranged GET (RFC 9110, 14.4), parsed strictly: digits only, no signs,
/// no spaces but the one after the unit.
/// </summary>
/// <remarks>
/// <code>
/// bytes 0-99/1000    bytes 0 to 99 of an object of 1000
/// bytes 0-99/*       the same of an object whose size the server does not say
/// bytes */1000       in an answer 416: the object has 1000 bytes, none of them in the range
/// </code>
/// </remarks>
/// <param name="Range">The bytes in the body; null in the form of a 416.</param>
/// <param name="Total">The object's size in bytes; null where the server does not say.</param>
public readonly record struct ContentRange(ObjectRange? Range, long? Total)
{
    /// <summary>The header of an answer, or null where it is missing, given twice or malformed.</summary>
    public static ContentRange? Of(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-Range", out var values) && values.Count == 1 &&
        TryParse(values.ToString(), out var range) ? range : null;

    public static bool TryParse(ReadOnlySpan<char> text, out ContentRange contentRange)
    {
        contentRange = default;
        const string unit = "bytes ";
        if (!text.StartsWith(unit, StringComparison.OrdinalIgnoreCase))
            return false;
        text = text[unit.Length..];

        var slash = text.IndexOf('/');
        if (slash < 0)
            return false;
        var span = text[..slash];
        var size = text[(slash + 1)..];

        long? total = null;
        if (size is not "*")
        {
            if (!TryParseNumber(size, out var number))
                return false;
            total = number;
        }

        if (span is "*")
        {
            contentRange = new ContentRange(Range: null, total);
            return total is not null;
        }

        var dash = span.IndexOf('-');
        if (dash < 0 || !TryParseNumber(span[..dash], out var first) || !TryParseNumber(span[(dash + 1)..], out var last))
            return false;
        if (last < first || last >= (total ?? long.MaxValue))
            return false;
        contentRange = new ContentRange(new ObjectRange(first, last - first + 1), total);
        return true;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
