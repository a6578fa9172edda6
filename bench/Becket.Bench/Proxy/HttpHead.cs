using System.Buffers.Text;
using System.Text;

namespace Becket.Bench.Proxy;

/// <summary>How the end of a message's body is found.</summary>
internal enum BodyFraming
{
    Length,
    Chunked,
    UntilClose,
}

/// <summary>
/// What a proxy has to know of the head of a request or an answer. The head itself is passed on untouched, since it is signed.
/// </summary>
internal readonly record struct HttpHead(
    string Method, string Target, int Status, BodyFraming Framing, long Length, bool Closes, bool Expects)
{
    public bool IsInterim => Status is >= 100 and < 200;

    /// <summary>Reads a request's head, from the request line to the empty line.</summary>
    public static HttpHead ParseRequest(ReadOnlySpan<byte> head)
    {
        var line = Encoding.ASCII.GetString(head[..head.IndexOf("\r\n"u8)]).Split(' ');
        if (line is not [var method, var target, "HTTP/1.1"])
            throw new InvalidDataException("the client does not speak HTTP/1.1");

        // A request without a length has no body.
        return ReadFields(head, new HttpHead(method, target, 0, BodyFraming.Length, 0, Closes: false, Expects: false));
    }

    /// <summary>Reads an answer's head; <paramref name="method"/> is that of the request, because an answer to HEAD has no body.</summary>
    public static HttpHead ParseAnswer(ReadOnlySpan<byte> head, string method)
    {
        if (!head.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(head[9..12], out int status, out _))
            throw new InvalidDataException("the store does not speak HTTP/1.1");

        var answer = ReadFields(head, new HttpHead(method, "", status, BodyFraming.UntilClose, 0, Closes: false, Expects: false));
        return method == "HEAD" || status is (>= 100 and < 200) or 204 or 304
            ? answer with { Framing = BodyFraming.Length, Length = 0 }
            : answer;
    }

    private static HttpHead ReadFields(ReadOnlySpan<byte> head, HttpHead start)
    {
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0)
                continue;

            var name = line[..colon];
            var value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(name, "content-length") && Utf8Parser.TryParse(value, out long length, out _))
                start = start with { Framing = BodyFraming.Length, Length = length };
            else if (Ascii.EqualsIgnoreCase(name, "transfer-encoding"))
                start = start with { Framing = BodyFraming.Chunked };
            else if (Ascii.EqualsIgnoreCase(name, "connection"))
                start = start with { Closes = Ascii.EqualsIgnoreCase(value, "close") };
            else if (Ascii.EqualsIgnoreCase(name, "expect"))
                start = start with { Expects = true };
        }
        return start;
    }
}
