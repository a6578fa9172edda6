using System.Buffers;
using System.Text;

namespace Becket.Objects.S3.Signing;

/// <summary>
/// Percent-encoding as S3 signs it: every byte of the UTF-8 form except <c>A-Z a-z 0-9 - . _ ~</c> becomes <c>%XX</c>
/// with upper-case digits (AWS Signature Version 4, "UriEncode"). What is encoded here is sent as it is: a key is
/// encoded once, and dots and double slashes in it are part of its name.
/// </summary>
internal static class S3UriEncoding
{
    private static readonly SearchValues<char> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    private static readonly SearchValues<char> UnreservedAndSlash =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    /// <summary>Encodes an object key for a path; slashes stay.</summary>
    public static string EncodeKey(string key) => Encode(key, UnreservedAndSlash);

    /// <summary>Encodes a name or a value of the query; slashes are encoded too.</summary>
    public static string EncodeQuery(string text) => Encode(text, Unreserved);

    private static string Encode(string text, SearchValues<char> kept)
    {
        if (!text.AsSpan().ContainsAnyExcept(kept))
            return text;

        Span<byte> utf8 = stackalloc byte[4];
        var encoded = new StringBuilder(text.Length + 32);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsBmp && kept.Contains((char)rune.Value))
            {
                encoded.Append((char)rune.Value);
                continue;
            }

            foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)])
                encoded.Append('%').Append(HexDigit(octet >> 4)).Append(HexDigit(octet & 0xF));
        }

        return encoded.ToString();
    }

    private static char HexDigit(int value) => (char)(value < 10 ? '0' + value : 'A' + value - 10);
}
