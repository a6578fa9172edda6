using Becket.Blocks;

namespace Becket.Tests.Nbd;

public class BlockStatusTests
{
    private const int Granule = ArrayDevice.Granule;
    private const uint Data = 0, Zero = 3;

    [Fact]
    public async Task Neighbours_of_one_kind_are_one_descriptor()
    {
        await using var server = new RunningServer(new ArrayDevice(Striped(zeroes: [2, 3, 4, 7])));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.BlockStatus, 100, (8 * Granule) - 100, cookie: 5);

        var chunk = client.ReceiveChunk();
        Assert.Equal((true, RawClient.Chunk.Status, 5L), (chunk.IsDone, chunk.Type, chunk.Cookie));
        Assert.Equal([((2 * Granule) - 100u, Data), (3 * Granule, Zero), (2 * Granule, Data), (Granule, Zero)], chunk.Descriptors);
    }

    [Fact]
    public async Task The_id_is_the_one_of_the_handshake()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Granule]));
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);
        var id = client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation"))[0].Data[..4];
        client.AskAll(RawClient.Go, RawClient.InfoData(""));

        client.SendRequest(RawClient.BlockStatus, 0, Granule);

        Assert.Equal(id, client.ReceiveChunk().Payload[..4]);
    }

    [Theory]
    [InlineData(0, 8 * Granule, 2 * Granule, Data)]
    [InlineData(0, 100, 100, Data)]
    [InlineData((2 * Granule) + 1, 5 * Granule, (2 * Granule) - 1, Zero)]
    public async Task REQ_ONE_gets_one_descriptor_within_the_request(int offset, uint length, uint described, uint status)
    {
        await using var server = new RunningServer(new ArrayDevice(Striped(zeroes: [2, 3])));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.BlockStatus, (ulong)offset, length, RawClient.ReqOne);

        Assert.Equal([(described, status)], client.ReceiveChunk().Descriptors);
    }

    [Fact]
    public async Task The_longest_request_on_a_large_export_does_not_overflow()
    {
        const long Size = 6L << 30;
        await using var server = new RunningServer(new CoarseDevice(Size));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.BlockStatus, 5_000_000_000, (uint)(Size - 5_000_000_000));
        Assert.Equal([((uint)(Size - 5_000_000_000), Data)], client.ReceiveChunk().Descriptors);
        client.SendRequest(RawClient.BlockStatus, 0, uint.MaxValue);
        Assert.Equal([(uint.MaxValue, Data)], client.ReceiveChunk().Descriptors);
        client.SendRequest(RawClient.BlockStatus, 5_000_000_000, uint.MaxValue);
        Assert.Equal(RawClient.EINVAL, client.ReceiveChunk().Error);
    }

    [Fact]
    public async Task A_long_report_ends_early_and_the_client_asks_on()
    {
        var content = Striped(zeroes: [.. Enumerable.Range(0, 3000).Where(i => i % 2 == 0)], granules: 3000);
        await using var server = new RunningServer(new ArrayDevice(content));
        await using var client = await server.ConnectClientAsync();

        var extents = new List<Extent>();
        for (var offset = 0L; offset < content.Length; offset = extents[^1].Range.End)
            extents.AddRange(
                await client.BlockStatusAsync(ByteRange.FromBounds(offset, content.Length), TestContext.Current.CancellationToken));

        Assert.Equal(3000, extents.Count);
        Assert.All(extents.Index(), e => Assert.Equal(
            new Extent(
                new ByteRange(e.Index * (long)Granule, Granule),
                e.Index % 2 == 0 ? ExtentKind.Hole | ExtentKind.Zero : ExtentKind.Data),
            e.Item));
    }

    [Fact]
    public async Task An_empty_range_is_answered_with_an_error()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Granule]));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.BlockStatus, 0, 0);

        Assert.Equal(RawClient.EINVAL, client.ReceiveChunk().Error);
    }

    [Fact]
    public async Task A_device_that_does_not_know_better_is_all_data()
    {
        await using var server = new RunningServer(new CoarseDevice(10_000));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.BlockStatus, 1, 9_999);

        Assert.Equal([(9_999u, Data)], client.ReceiveChunk().Descriptors);
    }

    private static byte[] Striped(int[] zeroes, int granules = 8)
    {
        var content = new byte[granules * Granule];
        Array.Fill(content, (byte)1);
        foreach (var i in zeroes)
            content.AsSpan(i * Granule, Granule).Clear();

        return content;
    }

    /// <summary>Has a size and the extents of the base class: everything is data.</summary>
    private sealed class CoarseDevice(long size) : BlockDevice
    {
        public override BlockDeviceInfo Info { get; } = new() { Size = size };

        public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
