using System.Globalization;
using System.Text;
using Becket.Objects;
using Becket.Objects.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Objects.Http;

/// <summary>
/// An object of 5000 bytes behind a URL: what a proper server answers about it, and stores that ask for it. The stores share its
/// connections, which are closed when it is disposed.
/// </summary>
internal sealed class ServedObject : IDisposable
{
    private readonly HttpMessageInvoker _http = HttpTransport.Create(new HttpTransportOptions());

    public byte[] Bytes { get; } = Enumerable.Range(0, 5000).Select(i => (byte)(i % 251)).ToArray();

    public HttpObjectStore Store(Uri url) => new(url, _http, NullLogger.Instance);

    /// <summary>Looks the URL's object up in a new store.</summary>
    public Task<ObjectInfo> LookUpAsync(Uri url)
    {
        var store = Store(url);
        return store.FindAsync(store.Key);
    }

    public Task AnswerAsync(RawRequest request, RawConnection connection) =>
        AnswerAsync(request, connection, "\"one\"", "Sun, 22 Nov 2026 10:00:00 GMT");

    public Task AnswerAsync(RawRequest request, RawConnection connection, string? etag, string? modified) =>
        connection.SendAsync(Encoding.Latin1.GetBytes(Answer(request, etag, modified)));

    /// <summary>What a proper server answers.</summary>
    public string Answer(RawRequest request, string? etag, string? modified)
    {
        var identity = (etag is null ? "" : $"ETag: {etag}\r\n")
            + (modified is null ? "" : $"Last-Modified: {modified}\r\n")
            + "Content-Type: application/x-raw\r\n";
        if (request.Method == "HEAD")
            return string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {Bytes.Length}\r\n{identity}\r\n");
        var (start, last) = (request.RangeStart, request.RangeLast);
        var body = Encoding.Latin1.GetString(Bytes, start, last - start + 1);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{Bytes.Length}\r\n"
            + $"Content-Length: {body.Length}\r\n{identity}\r\n{body}");
    }

    public void Dispose() => _http.Dispose();
}
