using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace Becket.Status;

/// <summary>The files of the page, which are part of the program.</summary>
internal static class StatusPage
{
    /// <summary>Everything comes from here, nothing is written into the page's own text, and nobody may put it into a frame.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, (string Type, byte[] Content)> Files =
        new Dictionary<string, (string, byte[])>(StringComparer.Ordinal)
        {
            ["/"] = ("text/html; charset=utf-8", Load("index.html")),
            ["/page.css"] = ("text/css; charset=utf-8", Load("page.css")),
            ["/page.js"] = ("text/javascript; charset=utf-8", Load("page.js")),
            ["/map.js"] = ("text/javascript; charset=utf-8", Load("map.js")),
            ["/icon.svg"] = ("image/svg+xml", Load("icon.svg")),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Has(string path) => Files.ContainsKey(path);

    public static Task SendAsync(HttpResponse response, string path, CancellationToken cancellationToken)
    {
        var (type, content) = Files[path];
        response.ContentType = type;
        response.ContentLength = content.Length;
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        return response.Body.WriteAsync(content, cancellationToken).AsTask();
    }

    private static byte[] Load(string name)
    {
        using var stream = typeof(StatusPage).Assembly.GetManifestResourceStream($"Page/{name}")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
