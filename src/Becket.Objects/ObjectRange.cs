using System.Globalization;

namespace Becket.Objects;

/// <summary>
/// A stretch of an object in the terms of HTTP. <paramref name="Length"/> is at least 1: HTTP cannot ask for nothing.
/// </summary>
public readonly record struct ObjectRange(long Offset, long Length)
{
    /// <summary>The last byte of the range, inclusive as HTTP counts.</summary>
    public long Last => Offset + Length - 1;

    /// <summary>The value of a <c>Range</c> header (RFC 9110, 14.1.2).</summary>
    public string ToHeader() => string.Create(CultureInfo.InvariantCulture, $"bytes={Offset}-{Last}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"bytes {Offset}-{Last}");
}
