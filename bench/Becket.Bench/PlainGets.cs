using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Becket.Bench.Proxy;

namespace Becket.Bench;

/// <summary>
/// The yardstick: an object read through parallel ranged GETs on keep-alive connections, each on a blocking thread, the
/// bytes thrown away. What is slower than this is slower for its own sake.
/// </summary>
internal sealed class PlainGets(Uri url, int connections, long rangeSize)
{
    private const int BufferSize = 256 * 1024;

    private readonly EndPoint _store = IPEndPoint.Parse(url.Authority);
    private long _size;
    private long _next;
    private Exception? _failure;

    /// <summary>Reads the whole object; returns its size and the seconds from the first request to the last byte.</summary>
    public (long Bytes, double Seconds) Run()
    {
        using (var channel = Connect())
            _size = RequestHead(channel, "HEAD", fields: "").Length;

        var begin = Stopwatch.GetTimestamp();
        var threads = Enumerable.Range(0, connections).Select(_ => new Thread(ReadRanges)).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();

        return _failure is null
            ? (_size, Stopwatch.GetElapsedTime(begin).TotalSeconds)
            : throw new IOException("the object could not be read", _failure);
    }

    private void ReadRanges()
    {
        try
        {
            using var channel = Connect();
            var buffer = new byte[BufferSize];
            while (Interlocked.Add(ref _next, rangeSize) - rangeSize is var offset && offset < _size)
                ReadRange(channel, offset, Math.Min(rangeSize, _size - offset), buffer);
        }
        catch (Exception e)
        {
            _failure = e;
            Interlocked.Exchange(ref _next, _size); // the others need not go on
        }
    }

    private void ReadRange(HttpChannel channel, long offset, long length, byte[] buffer)
    {
        var range = string.Create(CultureInfo.InvariantCulture, $"Range: bytes={offset}-{offset + length - 1}\r\n");
        var answer = RequestHead(channel, "GET", range);
        if (answer.Status != 206 || answer.Length != length)
            throw new InvalidDataException($"asked for {length} bytes, the answer is {answer}");

        var left = length - channel.Buffered.Length;
        channel.Take(channel.Buffered.Length);
        while (left > 0)
        {
            var received = channel.Socket.Receive(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
            left -= received > 0 ? received : throw new EndOfStreamException("the store ended a body early");
        }
    }

    /// <summary>Sends a request and takes the head of its answer; whose length, for HEAD, is the object's.</summary>
    private HttpHead RequestHead(HttpChannel channel, string method, string fields)
    {
        channel.Send(Encoding.ASCII.GetBytes($"{method} {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\n{fields}\r\n"));
        var size = channel.ReceiveHead();
        var answer = HttpHead.ParseAnswer(channel.Buffered[..size], "GET");
        channel.Take(size);
        return answer.Status is 200 or 206 ? answer : throw new InvalidDataException($"{method} {url} was answered with {answer.Status}");
    }

    private HttpChannel Connect()
    {
        var socket = new Socket(_store.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(_store);
        return new HttpChannel(socket);
    }
}
