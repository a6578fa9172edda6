using Becket.Nbd;

namespace Becket.Tests.Nbd;

/// <summary>Requests that have to wait for the device: order, bounds, and that nobody else waits for them.</summary>
public class InFlightTests
{
    private readonly byte[] _content = new byte[1024 * 1024];

    public InFlightTests() => new Random(3).NextBytes(_content);

    [Fact]
    public async Task A_slow_read_is_overtaken_by_later_ones()
    {
        var slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(_content) { Waiting = (offset, _, _) => offset == 0 ? slow.Task : Task.CompletedTask };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();

        client.Send([.. RawClient.Request(RawClient.Read, 0, 100, cookie: 1), .. RawClient.Request(RawClient.Read, 4096, 100, cookie: 2)]);

        Assert.Equal((0u, 2L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(4096, 100).ToArray(), client.Receive(100));
        slow.SetResult();
        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 100).ToArray(), client.Receive(100));
    }

    [Fact]
    public async Task Replies_come_in_the_order_in_which_the_device_finishes()
    {
        var gates = Enumerable.Range(0, 64)
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .ToArray();
        var device = new ArrayDevice(_content) { Waiting = (offset, _, _) => gates[offset / 4096].Task };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();
        client.Send([.. Enumerable.Range(0, 64).SelectMany(i => RawClient.Request(RawClient.Read, (ulong)i * 4096, 4096, cookie: i))]);

        var order = Enumerable.Range(0, 64).ToArray();
        new Random(8).Shuffle(order);
        foreach (var i in order)
        {
            gates[i].SetResult();
            Assert.Equal((0u, (long)i), client.ReceiveSimple());
            Assert.Equal(_content.AsSpan(i * 4096, 4096).ToArray(), client.Receive(4096));
        }
    }

    [Theory]
    [InlineData(4, 1_000_000, 4)]
    [InlineData(100, 8192, 2)]
    [InlineData(100, 100, 1)]
    public async Task No_more_requests_than_allowed_are_with_the_device(int requests, long bytes, int expected)
    {
        var counting = new CountingGate(expected);
        var options = new NbdServerOptions { RequestsInFlight = requests, BytesInFlight = bytes };
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = counting.EnterAsync }, options);
        using var client = server.Connect().EnterSimple();

        client.Send([.. Enumerable.Range(0, 50).SelectMany(i => RawClient.Request(RawClient.Read, (ulong)i * 4096, 4096, cookie: i))]);

        var cookies = new HashSet<long>();
        for (var i = 0; i < 50; i++)
        {
            cookies.Add(client.ReceiveSimple().Cookie);
            client.Receive(4096);
        }

        Assert.Equal(50, cookies.Count);
        Assert.Equal(expected, counting.Maximum);
    }

    [Fact]
    public async Task Writes_count_too()
    {
        var counting = new CountingGate(3);
        await using var server = new RunningServer(
            new ArrayDevice(_content) { Waiting = counting.EnterAsync }, new NbdServerOptions { RequestsInFlight = 3 });
        using var client = server.Connect().EnterSimple();

        for (var i = 0; i < 30; i++)
            client.SendRequest(RawClient.Write, (ulong)i, 1, cookie: i, payload: [(byte)i]);
        for (var i = 0; i < 30; i++)
            Assert.Equal(0u, client.ReceiveSimple().Error);

        Assert.Equal(3, counting.Maximum);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => (byte)i), _content[..30]);
    }

    [Fact]
    public async Task DISC_lets_what_is_in_flight_finish()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = (_, _, _) => gate.Task });
        using var client = server.Connect().EnterSimple();

        client.Send([.. RawClient.Request(RawClient.Read, 0, 100, cookie: 1), .. RawClient.Request(RawClient.Disc, 0, 0, cookie: 2)]);
        gate.SetResult();

        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 100).ToArray(), client.Receive(100));
        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client disconnected");
    }

    [Fact]
    public async Task Half_a_goodbye_lets_what_is_in_flight_finish_too()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = (_, _, _) => gate.Task });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 0, 100);
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        gate.SetResult();

        Assert.Equal(0u, client.ReceiveSimple().Error);
        Assert.Equal(_content.AsSpan(0, 100).ToArray(), client.Receive(100));
        Assert.True(client.IsClosed());
    }

    /// <summary>Holds requests back until as many as expected are inside, and notes how many ever were at once.</summary>
    private sealed class CountingGate(int expected)
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _inside;
        private int _entered;

        public int Maximum { get; private set; }

        public async Task EnterAsync(long offset, long length, CancellationToken cancellationToken)
        {
            Task full;
            lock (_gate)
            {
                Maximum = Math.Max(Maximum, ++_inside);
                full = _full.Task;

                // The last ones of a test find no company and must not wait for it. Every entry counts, also the one that
                // fills the gate: those before it may have gone in twos.
                if (++_entered > 20 || _inside == expected)
                {
                    _full.SetResult();
                    _full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }

            await full;
            lock (_gate)
                _inside--;
        }
    }
}
