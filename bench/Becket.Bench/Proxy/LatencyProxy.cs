using System.Net;
using System.Net.Sockets;

namespace Becket.Bench.Proxy;

/// <summary>
/// An HTTP/1.1 proxy in front of one store that makes it look far away: every answer's first byte comes no earlier than a
/// latency after its request. Throughput is not limited, and opening a connection costs nothing extra. A blocking thread
/// per client, because two idle threads cost less than one asynchronous copy of a body.
/// </summary>
internal sealed class LatencyProxy(EndPoint store, TimeSpan latency)
{
    private const int StackSize = 256 * 1024;
    private const int Backlog = 1024;

    private readonly ProxyCounters _counters = new();

    /// <summary>Accepts clients for ever; says where, once it does.</summary>
    public void Run(IPEndPoint address, Action<EndPoint> ready)
    {
        using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(address);
        listener.Listen(Backlog);
        ready(listener.LocalEndPoint!);
        while (true)
        {
            var client = listener.Accept();
            new Thread(() => Serve(client), StackSize) { IsBackground = true, Name = "client" }.Start();
        }
    }

    private void Serve(Socket client)
    {
        using var connection = new ProxyConnection(client, store, latency, _counters);
        connection.Run();
    }
}
