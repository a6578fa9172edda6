using Becket.Blocks;

namespace Becket.Tests.Nbd;

public class ReadReplyTests
{
    private const int Size = 1024 * 1024;

    private readonly byte[] _content = new byte[Size];

    public ReadReplyTests() => new Random(11).NextBytes(_content);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4095)]
    [InlineData(4096, 4096)]
    [InlineData(0, 256 * 1024)]
    [InlineData(3, (256 * 1024) + 13)]
    [InlineData(0, Size)]
    public async Task A_simple_reply_is_a_header_and_the_bytes(int offset, int length)
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, (ulong)offset, (uint)length, cookie: -5);

        Assert.Equal((0u, -5L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(offset, length).ToArray(), client.Receive(length));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4095)]
    [InlineData(0, 256 * 1024)]
    [InlineData(3, (256 * 1024) + 13)]
    [InlineData(0, Size)]
    public async Task A_structured_reply_of_data_is_one_chunk(int offset, int length)
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, (ulong)offset, (uint)length, cookie: -5);

        var chunk = client.ReceiveChunk();
        Assert.True(chunk.IsDone);
        Assert.Equal((RawClient.Chunk.Data, -5L, offset), (chunk.Type, chunk.Cookie, chunk.Offset));
        Assert.Equal(_content.AsSpan(offset, length), chunk.Bytes);
    }

    [Fact]
    public async Task An_empty_structured_read_is_answered_without_content()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 10, 0, cookie: 3);

        var chunk = client.ReceiveChunk();
        Assert.Equal((true, RawClient.Chunk.None, 3L, 0), (chunk.IsDone, chunk.Type, chunk.Cookie, chunk.Payload.Length));
    }

    [Fact]
    public async Task A_simple_error_has_no_bytes_behind_it()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterSimple();

        client.Send([.. RawClient.Request(RawClient.Read, Size, 512, cookie: 1), .. RawClient.Request(RawClient.Read, 0, 4, cookie: 2)]);

        Assert.Equal((RawClient.EINVAL, 1L), client.ReceiveSimple());
        Assert.Equal((0u, 2L), client.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 4).ToArray(), client.Receive(4));
    }

    [Fact]
    public async Task Requests_that_arrive_in_crumbs_and_in_heaps_are_all_answered()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));
        using var client = server.Connect().EnterSimple();
        var random = new Random(5);
        var requests = Enumerable.Range(0, 3000)
            .Select(i => (Offset: random.Next(Size - 600), Length: random.Next(600), Cookie: (long)i))
            .ToList();
        var bytes = requests
            .SelectMany(r => RawClient.Request(RawClient.Read, (ulong)r.Offset, (uint)r.Length, cookie: r.Cookie))
            .ToArray();

        var sending = Task.Run(
            () =>
            {
                for (var rest = bytes.AsSpan(); !rest.IsEmpty;)
                {
                    var count = Math.Min(rest.Length, random.Next(4) == 0 ? random.Next(1, 30_000) : random.Next(1, 40));
                    client.Send(rest[..count]);
                    rest = rest[count..];
                }
            },
            TestContext.Current.CancellationToken);

        foreach (var (offset, length, cookie) in requests)
        {
            Assert.Equal((0u, cookie), client.ReceiveSimple());
            Assert.Equal(_content.AsSpan(offset, length).ToArray(), client.Receive(length));
        }

        await sending;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Known_zeroes_in_a_long_read_are_holes_and_every_byte_comes_once(bool waits)
    {
        _content.AsSpan(8192, 65536).Clear();
        _content.AsSpan(100_000, 500).Clear();
        _content.AsSpan(Size - 16384).Clear();
        await using var server = new RunningServer(new ArrayDevice(_content) { Waiting = waits ? Later : null });
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 4097, Size - 4097);

        var chunks = client.ReceiveChunks();
        Assert.Equal(
            [RawClient.Chunk.Data, RawClient.Chunk.Hole, RawClient.Chunk.Data, RawClient.Chunk.Hole], chunks.Select(chunk => chunk.Type));
        Assert.Equal((8192L, 65536u), (chunks[1].Offset, chunks[1].HoleSize));
        Assert.Equal(_content[4097..], Assembled(chunks, 4097, Size - 4097));
    }

    [Fact]
    public async Task A_read_of_nothing_but_zeroes_is_one_hole()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size]));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 100, 500_000);

        var chunk = client.ReceiveChunk();
        Assert.True(chunk.IsDone);
        Assert.Equal((RawClient.Chunk.Hole, 100L, 500_000u), (chunk.Type, chunk.Offset, chunk.HoleSize));
    }

    [Theory]
    [InlineData(500_000, RawClient.Df)]
    [InlineData((32 * 1024) - 1, 0)]
    public async Task Zeroes_are_sent_as_data_where_the_client_says_so_or_the_read_is_short(uint length, ushort flags)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size]));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 0, length, flags);

        var chunk = client.ReceiveChunk();
        Assert.Equal((true, RawClient.Chunk.Data, (int)length + 8), (chunk.IsDone, chunk.Type, chunk.Payload.Length));
    }

    [Fact]
    public async Task A_device_that_knows_no_extents_is_not_asked_for_them()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size], BlockDeviceFeatures.None));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 0, Size);

        Assert.Equal(RawClient.Chunk.Data, client.ReceiveChunk().Type);
    }

    [Fact]
    public async Task A_device_that_knows_of_no_zeroes_in_a_range_answers_it_at_once()
    {
        var tried = 0;
        await using var server = new RunningServer(new ArrayDevice(new byte[Size]) { HasZeroes = false, Trying = _ => tried++ });
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 0, 128 * 1024);

        Assert.Equal(RawClient.Chunk.Data, client.ReceiveChunk().Type);
        Assert.Equal(1, tried);
    }

    [Fact]
    public async Task A_sparse_read_that_fails_half_way_is_one_error_and_nothing_else()
    {
        _content.AsSpan(8192, 65536).Clear();
        var device = new ArrayDevice(_content)
        {
            Waiting = (offset, _, _) =>
                offset == 8192 + 65536 ? throw new BlockDeviceException(BlockError.Io, "bad sector") : Task.CompletedTask,
        };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 0, Size, cookie: 1);
        client.SendRequest(RawClient.Read, 0, 0, cookie: 2);

        var chunk = client.ReceiveChunk();
        Assert.Equal((true, RawClient.Chunk.Failure, RawClient.EIO, "bad sector"), (chunk.IsDone, chunk.Type, chunk.Error, chunk.Sentence));
        Assert.Equal(2, client.ReceiveChunk().Cookie);
    }

    private static async Task Later(long offset, long length, CancellationToken cancellationToken) => await Task.Yield();

    /// <summary>Puts content chunks together and fails on an overlap, on a gap and on bytes outside.</summary>
    private static byte[] Assembled(List<RawClient.Chunk> chunks, long offset, int length)
    {
        var bytes = new byte[length];
        var covered = new bool[length];
        foreach (var chunk in chunks)
        {
            var start = (int)(chunk.Offset - offset);
            var count = chunk.Type == RawClient.Chunk.Hole ? (int)chunk.HoleSize : chunk.Bytes.Length;
            Assert.DoesNotContain(true, covered.AsSpan(start, count).ToArray());
            covered.AsSpan(start, count).Fill(true);
            if (chunk.Type == RawClient.Chunk.Data)
                chunk.Bytes.CopyTo(bytes.AsSpan(start));
        }

        Assert.DoesNotContain(false, covered);
        return bytes;
    }
}
