using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Becket.Tests.Objects.Http;

/// <summary>
/// An HTTP server on loopback that answers byte for byte what a test writes, also what no proper server sends. The test's
/// function is called for each request, on the thread of its connection.
/// </summary>
internal sealed class RawHttpServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<RawRequest, RawConnection, Task> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepting;

    /// <param name="answer">Called for each request.</param>
    /// <param name="certificate">For https; null for http.</param>
    public RawHttpServer(Func<RawRequest, RawConnection, Task> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>A server that sends the same answer to everything.</summary>
    public static RawHttpServer Answering(string answer) => new((_, connection) => connection.SendAsync(answer));

    public int Port { get; }

    public ConcurrentQueue<RawRequest> Requests { get; } = new();

    public Uri Url(string pathAndQuery = "/disk.img") =>
        new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}{pathAndQuery}");

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptAsync(_stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        await using var connection = new RawConnection(
            socket, _certificate is null ? stream : stream = new SslStream(stream), _stopping.Token);
        try
        {
            if (stream is SslStream tls)
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stopping.Token);
            while (await connection.ReceiveAsync() is { } request)
            {
                Requests.Enqueue(request);
                await _answer(request, connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or AuthenticationException or ObjectDisposedException)
        {
            // The client went away, did not trust us, or the test is over.
        }
    }
}

/// <summary>The head of a request. Header names are looked up without regard to case.</summary>
internal sealed record RawRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    /// <summary>The first byte that is asked for.</summary>
    public int RangeStart => int.Parse(this["Range"]!.Split('=', '-')[1], CultureInfo.InvariantCulture);

    public int RangeLast => int.Parse(this["Range"]!.Split('=', '-')[2], CultureInfo.InvariantCulture);

    public static RawRequest Parse(string head)
    {
        var lines = head.Split("\r\n");
        var parts = lines[0].Split(' ');
        return new RawRequest(parts[0], parts[1], lines[1..].Where(line => line.Length > 0).ToDictionary(
            line => line[..line.IndexOf(':')], line => line[(line.IndexOf(':') + 1)..].Trim(), StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>The server's end of a connection.</summary>
internal sealed class RawConnection(Socket socket, Stream stream, CancellationToken stopping) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>The next request's head, or null when the client has closed. The tests send no bodies.</summary>
    public async Task<RawRequest?> ReceiveAsync()
    {
        var head = new StringBuilder();
        while (true)
        {
            var read = await stream.ReadAsync(_buffer, stopping);
            if (read == 0)
                return null;
            head.Append(Encoding.Latin1.GetString(_buffer, 0, read));
            if (head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                return RawRequest.Parse(head.ToString());
        }
    }

    /// <summary>Sends Latin-1 text; line ends are written as CRLF whatever the source file has.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n")));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, stopping);

    /// <summary>Ends the connection in good order, after what was sent.</summary>
    public void Close() => stream.Dispose();

    /// <summary>Breaks the connection with a TCP reset.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    /// <summary>Sends nothing more until the client gives up.</summary>
    public async Task StallAsync()
    {
        while (await stream.ReadAsync(_buffer, stopping) > 0)
        {
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
