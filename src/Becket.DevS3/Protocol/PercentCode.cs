using System.Buffers;
using System.Text;

namespace Becket.DevS3.Protocol;

/// <summary>
/// Percent-encoding as Signature Version 4 wants it: all but the unreserved characters of RFC 3986 becomes <c>%XX</c> of
/// the UTF-8 bytes, in upper case. Decoding is strict: bytes that are not UTF-8 are an InvalidURI, never a replacement character.
/// </summary>
internal static class PercentCode
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<char> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    /// <summary>Encodes a path: the slashes between segments stay.</summary>
    public static string EncodePath(string text) => Encode(text, keepSlash: true);

    /// <summary>Encodes a name or value of a query, slashes included.</summary>
    public static string EncodeValue(string text) => Encode(text, keepSlash: false);

    public static string DecodePath(ReadOnlySpan<char> text) => Decode(text, plusIsSpace: false);

    /// <summary>Decodes a name or value of a query, where <c>+</c> is a space.</summary>
    public static string DecodeValue(ReadOnlySpan<char> text) => Decode(text, plusIsSpace: true);

    private static string Encode(string text, bool keepSlash)
    {
        if (!text.AsSpan().ContainsAnyExcept(Unreserved))
            return text;

        var encoded = new StringBuilder(text.Length + 16);
        foreach (byte b in StrictUtf8.GetBytes(text))
        {
            if (b < 0x80 && (Unreserved.Contains((char)b) || (keepSlash && b == '/')))
                encoded.Append((char)b);
            else
                encoded.Append('%').Append("0123456789ABCDEF"[b >> 4]).Append("0123456789ABCDEF"[b & 15]);
        }
        return encoded.ToString();
    }

    private static string Decode(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        byte[] bytes = new byte[StrictUtf8.GetMaxByteCount(text.Length)];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                    throw S3Error.InvalidUri.ToException();
                bytes[length++] = (byte)((HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]));
                i += 2;
            }
            else if (c < 0x80)
            {
                bytes[length++] = (byte)(plusIsSpace && c == '+' ? ' ' : c);
            }
            else
            {
                throw S3Error.InvalidUri.ToException();
            }
        }

        try
        {
            return StrictUtf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw S3Error.InvalidUri.ToException();
        }
    }

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
