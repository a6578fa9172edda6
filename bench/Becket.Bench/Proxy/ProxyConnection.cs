using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Becket.Bench.Proxy;

/// <summary>
/// One client of the proxy and its own connection to the store, on one blocking thread: a request goes on at once, the
/// first byte of its answer comes back no earlier than the latency allows, and the rest as fast as the client takes it.
/// </summary>
internal sealed class ProxyConnection(Socket client, EndPoint store, TimeSpan latency, ProxyCounters counters) : IDisposable
{
    public const string CountersPath = "/--counters";

    private readonly HttpChannel _client = new(client);
    private readonly BodyRelay _relay = new();
    private HttpChannel? _store;

    /// <summary>Serves the client until it leaves or something breaks, which the client sees as a broken connection.</summary>
    public void Run()
    {
        try
        {
            while (_client.ReceiveHead() is var size and > 0)
            {
                var due = Stopwatch.GetTimestamp() + (long)(latency.TotalSeconds * Stopwatch.Frequency);
                var request = HttpHead.ParseRequest(_client.Buffered[..size]);
                if (request.Target == CountersPath)
                    AnswerCounters(request, size);
                else if (!Exchange(request, size, due))
                    return;
            }
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidDataException)
        {
            // One side is gone. The other one learns it from its closed connection.
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _store?.Dispose();
        _relay.Dispose();
    }

    /// <summary>False: this was the connection's last answer.</summary>
    private bool Exchange(in HttpHead request, int size, long due)
    {
        if (request.Framing != BodyFraming.Length || request.Expects)
            throw new InvalidDataException("request bodies need a Content-Length and no Expect");

        counters.Begin(request.Method);
        try
        {
            var answerSize = SendRequest(request, size);
            var answer = HttpHead.ParseAnswer(_store!.Buffered[..answerSize], request.Method);
            if (answer.IsInterim)
                throw new InvalidDataException("an interim answer that nobody asked for");

            Libc.WaitUntil(due);
            var method = request.Method;
            _relay.Pass(_store, _client, answerSize, answer, bytes => counters.Add(method, bytes));
            return !request.Closes && !answer.Closes && answer.Framing != BodyFraming.UntilClose;
        }
        finally
        {
            counters.End();
        }
    }

    /// <summary>
    /// Sends a request and waits for the head of its answer. A store may close a connection that was idle just as it is
    /// used again: then a request without a body goes out once more on a new one.
    /// </summary>
    private int SendRequest(in HttpHead request, int size)
    {
        if (_store is not null && request.Length == 0)
        {
            try
            {
                _store.Send(_client.Buffered[..size]);
                if (_store.ReceiveHead() is var answerSize and > 0)
                {
                    _client.Take(size);
                    return answerSize;
                }
            }
            catch (SocketException)
            {
                // As below.
            }
            _store.Dispose();
            _store = null;
        }

        _store ??= Connect();
        _relay.Pass(_client, _store, size, request, static _ => { });
        return _store.ReceiveHead() is var head and > 0 ? head : throw new IOException("the store closed the connection");
    }

    private HttpChannel Connect()
    {
        var socket = new Socket(store.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(store);
        return new HttpChannel(socket);
    }

    /// <summary>GET reads the counters, DELETE reads and resets them. Neither is delayed or counted.</summary>
    private void AnswerCounters(in HttpHead request, int size)
    {
        _client.Take(size);
        var counts = request.Method == "DELETE" ? counters.ReadAndReset() : counters.Read();
        var body = JsonSerializer.Serialize(counts, ProxyCounts.Json);
        var head = $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        _client.Send(Encoding.ASCII.GetBytes(head + body));
    }
}
