using System.Net.Sockets;

namespace Becket.InteropTests.Nbd;

/// <summary>
/// A unix socket that passes every connection on to another one and counts what each carries: the witness of how many
/// connections a client used, whatever client and server say about it.
/// </summary>
public sealed class CountingRelay : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<long> _bytesToClients = [];
    private readonly string _socket;
    private readonly Task _accepting;

    public CountingRelay(string socket, string server)
    {
        _socket = socket;
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _accepting = AcceptAsync(server);
    }

    public string Uri => $"nbd+unix:///?socket={_socket}";

    /// <summary>Asserts that there were so many connections, and that more than a MiB went to the client on each.</summary>
    public void AssertAllCarriedAShare(int connections)
    {
        lock (_bytesToClients)
        {
            Assert.True(
                _bytesToClients.Count(bytes => bytes > 1 << 20) == connections,
                $"bytes by connection: {string.Join(", ", _bytesToClients)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync(string server)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(RelayAsync(await _listener.AcceptAsync(_stopping.Token), server));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(Socket client, string server)
    {
        int index;
        lock (_bytesToClients)
        {
            index = _bytesToClients.Count;
            _bytesToClients.Add(0);
        }
        using var up = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            try
            {
                await up.ConnectAsync(new UnixDomainSocketEndPoint(server), _stopping.Token);
                await Task.WhenAll(PumpAsync(client, up, _ => { }), PumpAsync(up, client, Count));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // One of the two is gone. The other one notices when its socket closes.
            }
        }

        void Count(int bytes)
        {
            lock (_bytesToClients)
                _bytesToClients[index] += bytes;
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Action<int> passed)
    {
        var buffer = new byte[256 << 10];
        for (int read; (read = await from.ReceiveAsync(buffer, _stopping.Token)) > 0;)
        {
            for (var sent = 0; sent < read;)
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stopping.Token);
            passed(read);
        }
        to.Shutdown(SocketShutdown.Send);
    }
}
