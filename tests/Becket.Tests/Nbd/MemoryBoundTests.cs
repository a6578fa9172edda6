using Becket.Blocks;
using Becket.Nbd;

namespace Becket.Tests.Nbd;

/// <summary>What the requests of all clients together take, counted where it is rented.</summary>
public class MemoryBoundTests
{
    private const int Piece = 64 * 1024;
    private const long Room = 1024 * 1024;

    private readonly byte[] _content = new byte[4 * 1024 * 1024];

    public MemoryBoundTests() => new Random(21).NextBytes(_content);

    private NbdServerOptions Options => field ??= new NbdServerOptions { TransferMemory = Room };

    [Theory]
    [InlineData(Piece)]
    [InlineData(1000)]
    [InlineData((256 * 1024) - 4096)]
    [InlineData(2 * 1024 * 1024)]
    public async Task However_much_is_asked_for_at_once_all_of_it_is_answered_within_the_room(int length)
    {
        const int requests = 16;
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = LaterAsync }, Options);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            using var client = server.Connect().EnterSimple();
            var offsets = Enumerable.Range(0, requests).Select(i => (seed * 31 + i) * 4099 % (_content.Length - length)).ToArray();
            client.Send([.. offsets.SelectMany((offset, i) => RawClient.Request(RawClient.Read, (ulong)offset, (uint)length, cookie: i))]);
            for (var i = 0; i < requests; i++)
            {
                var (error, cookie) = client.ReceiveSimple();
                Assert.Equal(0u, error);
                Assert.True(_content.AsSpan(offsets[cookie], length).SequenceEqual(client.Receive(length)));
            }
        })));

        server.Stop();
        await server.Serving;
        Assert.Equal(0, server.Room.Held);
        Assert.True(server.Room.Peak <= Room, $"{server.Room.Peak} bytes at once");
    }

    [Fact]
    public async Task Clients_that_do_not_read_their_replies_leave_room_for_one_that_does()
    {
        var content = new byte[8 * 1024 * 1024];
        var options = new NbdServerOptions { TransferMemory = 16 * 1024 * 1024, DrainTimeout = TimeSpan.Zero };
        await using var server = new RunningServer(new ArrayDevice(content) { Waiting = LaterAsync }, options);
        var mute = Enumerable.Range(0, 3).Select(_ => server.Connect().EnterSimple()).ToList();
        foreach (var client in mute)
            client.Send([.. Enumerable.Range(0, 100).SelectMany(i => RawClient.Request(RawClient.Read, 0, 1024 * 1024, cookie: i))]);

        using var reader = server.Connect().EnterSimple();
        for (var i = 0; i < 200; i++)
        {
            reader.SendRequest(RawClient.Read, (ulong)(i * 512), Piece, cookie: i);
            Assert.Equal((0u, (long)i), reader.ReceiveSimple());
            reader.Receive(Piece);
        }

        mute.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Requests_that_fail_give_their_room_back()
    {
        var device = new ArrayDevice(_content)
        {
            Waiting = async (offset, _, _) =>
            {
                await Task.Yield();
                if (offset % 8192 == 0)
                    throw new BlockDeviceException(BlockError.Io, "bad sector");
            },
        };
        await using var server = new RunningServer(device, Options);
        using var client = server.Connect().EnterSimple();

        for (var i = 0; i < 100; i++)
        {
            var isWrite = i % 3 == 0;
            client.SendRequest(isWrite ? RawClient.Write : RawClient.Read, (ulong)i * 4096, 4096, 0, i, isWrite ? new byte[4096] : []);
            var (error, _) = client.ReceiveSimple();
            Assert.Equal(i % 2 == 0 ? RawClient.EIO : 0u, error);
            if (error == 0 && !isWrite)
                client.Receive(4096);
        }

        client.Dispose();
        server.Stop();
        await server.Serving;
        Assert.Equal(0, server.Room.Held);
    }

    private static async Task LaterAsync(long offset, long length, CancellationToken cancellationToken) => await Task.Yield();
}
