namespace Becket.Objects.Http;

/// <summary>
/// An ETag (RFC 9110, 8.8.3): a server's name for one state of an object. A weak one (<c>W/"..."</c>) promises the same
/// meaning, not the same bytes, and never matches in <c>If-Match</c>.
/// </summary>
/// <remarks>Quotes are optional when it is parsed: some stores leave them out in some answers.</remarks>
public readonly record struct EntityTag(string Opaque, bool IsWeak)
{
    public static EntityTag Parse(string text)
    {
        var weak = text.StartsWith("W/", StringComparison.Ordinal);
        return new EntityTag(text.AsSpan(weak ? 2 : 0).Trim('"').ToString(), weak);
    }

    /// <summary>The header of an answer as the server sent it, or null.</summary>
    public static string? Of(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("ETag", out var values) && values.ToString() is { Length: > 0 } text ? text : null;

    /// <summary>
    /// Whether an answer with <paramref name="answer"/> is of the object that was opened with <paramref name="pin"/>. The
    /// weak form of a strong pin is another tag: it no longer promises the bytes.
    /// </summary>
    public static bool IsSame(string pin, string answer) => pin == answer || Parse(pin) == Parse(answer);
}
