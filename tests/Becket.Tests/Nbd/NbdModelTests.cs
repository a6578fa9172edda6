using Becket.Blocks;
using Becket.Blocks.Sources;
using Becket.Nbd;

namespace Becket.Tests.Nbd;

/// <summary>Random requests through a real server over several connections, compared with an array that they are also applied to.</summary>
public class NbdModelTests
{
    private const int Size = 3_000_001;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public async Task A_device_behind_the_wire_behaves_like_an_array(int seed, bool waits)
    {
        var random = new Random(seed);
        var device = new ArrayDevice(new byte[Size]) { Waiting = waits ? SometimesLater : null };
        await using var server = new RunningServer(device);
        var clients = new List<NbdClient>();
        for (var i = 0; i < 3; i++)
            clients.Add(await server.ConnectClientAsync());

        var model = new byte[Size];
        for (var i = 0; i < 400; i++)
            await StepAsync(clients[random.Next(clients.Count)], random, model, new ByteRange(0, Size));

        Assert.Equal(model, device.Content);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task The_memory_device_behind_the_wire_behaves_like_an_array_too()
    {
        var random = new Random(9);
        await using var device = new MemoryDevice(Size);
        await using var server = new RunningServer(device);
        await using var client = await server.ConnectClientAsync();
        var model = new byte[Size];

        for (var i = 0; i < 300; i++)
            await StepAsync(client, random, model, new ByteRange(0, Size));

        var everything = new byte[Size];
        await client.ReadAsync(0, everything, TestContext.Current.CancellationToken);
        Assert.Equal(model, everything);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Connections_that_work_at_the_same_time_do_not_mix_up_their_bytes(int seed)
    {
        var device = new ArrayDevice(new byte[Size]) { Waiting = SometimesLater };
        await using var server = new RunningServer(device);
        await using var first = await server.ConnectClientAsync();
        await using var second = await server.ConnectClientAsync();
        var model = new byte[Size];

        // Eight workers on two connections, each with a stretch of its own.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random((seed * 100) + worker);
                var region = new ByteRange(worker * (Size / 8), Size / 8);
                for (var i = 0; i < 100; i++)
                    await StepAsync(worker % 2 == 0 ? first : second, random, model, region);
            },
            TestContext.Current.CancellationToken)));

        Assert.Equal(model, device.Content);
    }

    private static async Task StepAsync(NbdClient client, Random random, byte[] model, ByteRange region)
    {
        var token = TestContext.Current.CancellationToken;
        var range = RandomRange(random, region);
        var (offset, length) = ((int)range.Offset, (int)range.Length);
        switch (random.Next(8))
        {
            case 0 or 1 or 2:
                var read = new byte[length];
                random.NextBytes(read);
                await client.ReadAsync(offset, read, token);
                Assert.Equal(model.AsSpan(offset, length).ToArray(), read);
                break;
            case 3 or 4:
                var data = new byte[length];
                random.NextBytes(data);
                await client.WriteAsync(offset, data, random.Next(2) == 0 ? WriteOptions.None : WriteOptions.Durable, token);
                data.CopyTo(model.AsSpan(offset));
                break;
            case 5:
                await client.ZeroAsync(range, random.Next(2) == 0 ? WriteOptions.None : WriteOptions.MayTrim, token);
                model.AsSpan(offset, length).Clear();
                break;
            case 6:
                await client.TrimAsync(range, WriteOptions.None, token);
                model.AsSpan(offset, length).Clear();
                break;
            default:
                if (range.IsEmpty)
                    await client.FlushAsync(token);
                else
                    AssertHonest(await client.BlockStatusAsync(range, token), range, model);
                break;
        }
    }

    /// <summary>Extents begin at the range, have no gap, and are zero where they say so.</summary>
    private static void AssertHonest(IReadOnlyList<Extent> extents, ByteRange range, byte[] model)
    {
        var position = range.Offset;
        foreach (var (extent, kind) in extents)
        {
            Assert.Equal(position, extent.Offset);
            position = extent.End;
            if (kind.HasFlag(ExtentKind.Zero))
                Assert.False(model.AsSpan((int)extent.Offset, (int)extent.Length).ContainsAnyExcept((byte)0));
        }

        Assert.InRange(position, range.Offset + 1, range.End);
    }

    private static ByteRange RandomRange(Random random, ByteRange region)
    {
        var longest = (int)Math.Min(region.Length, random.Next(4) == 0 ? 600_000 : 10_000);
        var length = random.Next(longest + 1);
        return new ByteRange(region.Offset + random.NextInt64(region.Length - length + 1), length);
    }

    private static async Task SometimesLater(long offset, long length, CancellationToken cancellationToken)
    {
        if (length % 3 == 0)
            await Task.Yield();
    }
}
