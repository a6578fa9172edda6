using Becket.Blocks;

namespace Becket.Tests.Nbd.Conformance;

/// <summary>What proto.md says of requests and is not looked at where the commands have their own tests, byte by byte.</summary>
public class RequestRuleTests
{
    private const int Size = 1_000_000;
    private const int MiB = 1024 * 1024;
    private const ushort PayloadLength = 32; // of extended headers, which nobody has agreed on
    private const BlockDeviceFeatures SlowZeroes = BlockDeviceFeatures.Write | BlockDeviceFeatures.Zero;

    [Theory]
    [InlineData(RawClient.Trim, ulong.MaxValue - 3, 8u, RawClient.EINVAL)]
    [InlineData(RawClient.Trim, (ulong)long.MaxValue, 8u, RawClient.EINVAL)]
    [InlineData(RawClient.Cache, ulong.MaxValue - 3, 8u, RawClient.EINVAL)]
    [InlineData(RawClient.Cache, (ulong)long.MaxValue, uint.MaxValue, RawClient.EINVAL)]
    [InlineData(RawClient.BlockStatus, Size - 1UL, 2u, RawClient.EINVAL)]
    [InlineData(RawClient.BlockStatus, ulong.MaxValue - 3, 8u, RawClient.EINVAL)]
    [InlineData(RawClient.BlockStatus, (ulong)long.MaxValue, 4096u, RawClient.EINVAL)]
    [InlineData(RawClient.WriteZeroes, ulong.MaxValue - 3, 8u, RawClient.ENOSPC)]
    [InlineData(RawClient.WriteZeroes, (ulong)long.MaxValue, uint.MaxValue, RawClient.ENOSPC)]
    public async Task A_range_that_ends_behind_the_export_or_wraps_around_has_its_errno(
        ushort command, ulong offset, uint length, uint errno)
    {
        var device = new ArrayDevice(new byte[Size]);
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterStructured();

        client.SendRequest(command, offset, length, cookie: 3);

        var chunk = client.ReceiveChunk();
        Assert.Equal((RawClient.Chunk.Failure, 3L, errno), (chunk.Type, chunk.Cookie, chunk.Error));
        Assert.Empty(device.Changes);
    }

    [Fact]
    public async Task FAST_ZERO_that_was_not_advertised_is_invalid_and_the_connection_goes_on()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size], SlowZeroes));
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.WriteZeroes, 0, 4096, RawClient.FastZero);
        Assert.Equal(RawClient.EINVAL, client.ReceiveSimple().Error);
        client.SendRequest(RawClient.WriteZeroes, 0, 4096);
        Assert.Equal(0u, client.ReceiveSimple().Error);
    }

    [Theory]
    [InlineData(RawClient.Trim, RawClient.NoHole)]
    [InlineData(RawClient.Trim, RawClient.FastZero)]
    [InlineData(RawClient.Flush, RawClient.Df)]
    [InlineData(RawClient.Cache, RawClient.ReqOne)]
    [InlineData(RawClient.BlockStatus, RawClient.Df)]
    [InlineData(RawClient.WriteZeroes, RawClient.Df)]
    [InlineData(RawClient.Write, RawClient.FastZero)]
    [InlineData(RawClient.Read, RawClient.NoHole)]
    [InlineData(RawClient.Read, PayloadLength)]
    [InlineData(RawClient.Write, PayloadLength)]
    public async Task A_flag_that_the_command_does_not_take_is_invalid(ushort command, ushort flag)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size]));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(
            command, 0, command == RawClient.Flush ? 0u : 512u, flag, payload: new byte[command == RawClient.Write ? 512 : 0]);

        Assert.Equal(RawClient.EINVAL, client.ReceiveChunk().Error);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(RawClient.EPERM)]
    public async Task The_payload_of_a_write_that_looks_like_requests_is_never_taken_for_one(uint errno)
    {
        var features = errno == 0 ? ArrayDevice.Everything : ArrayDevice.Everything & ~BlockDeviceFeatures.Write;
        await using var server = new RunningServer(new ArrayDevice(new byte[Size], features));
        using var client = server.Connect().EnterSimple();
        byte[] trap = [.. Enumerable.Range(100, 3000).SelectMany(i => RawClient.Request(RawClient.Read, 0, 1, cookie: i))];

        client.SendRequest(RawClient.Write, 0, (uint)trap.Length, cookie: 1, payload: trap);
        client.SendRequest(RawClient.Read, 0, 0, cookie: 2);

        Assert.Equal((errno, 1L), client.ReceiveSimple());
        Assert.Equal((0u, 2L), client.ReceiveSimple());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(0x6744_6698_2560_9513)]
    public async Task A_cookie_comes_back_as_it_was(long cookie)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size]));
        using var simple = server.Connect().EnterSimple();
        using var structured = server.Connect().EnterStructured();

        foreach (var command in (ushort[])[RawClient.Flush, 77])
        {
            simple.SendRequest(command, 0, 0, cookie: cookie);
            structured.SendRequest(command, 0, 0, cookie: cookie);
            Assert.Equal(cookie, simple.ReceiveSimple().Cookie);
            Assert.Equal(cookie, structured.ReceiveChunk().Cookie);
        }
    }

    [Fact]
    public async Task Payloads_of_32_MiB_go_both_ways_without_a_word_about_sizes_before()
    {
        var device = new ArrayDevice(new byte[33 * MiB]);
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();
        var data = new byte[32 * MiB];
        new Random(4).NextBytes(data);

        client.SendRequest(RawClient.Write, 5, (uint)data.Length, cookie: 1, payload: data);
        Assert.Equal((0u, 1L), client.ReceiveSimple());
        client.SendRequest(RawClient.Read, 5, (uint)data.Length, cookie: 2);

        Assert.Equal((0u, 2L), client.ReceiveSimple());
        Assert.True(data.AsSpan().SequenceEqual(client.Receive(data.Length)));
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(32 * MiB)]
    public async Task DF_gets_one_content_chunk_up_to_the_maximum(int length)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[33 * MiB]));
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 1, (uint)length, RawClient.Df);

        var chunk = Assert.Single(client.ReceiveChunks());
        Assert.Equal((RawClient.Chunk.Data, 1L, length), (chunk.Type, chunk.Offset, chunk.Bytes.Length));
    }

    [Theory]
    [InlineData(RawClient.Read, 32 * MiB + 1, RawClient.EINVAL)]
    [InlineData(RawClient.Write, 64 * MiB, RawClient.EINVAL)]
    public async Task What_is_over_the_maximum_is_invalid_and_a_payload_up_to_64_MiB_consumed(ushort command, int length, uint errno)
    {
        await using var server = new RunningServer(new ArrayDevice([]) { ClaimedSize = 1L << 40 });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(command, 0, (uint)length, cookie: 1, payload: new byte[command == RawClient.Write ? length : 0]);
        client.SendRequest(RawClient.Flush, 0, 0, cookie: 2);

        Assert.Equal((errno, 1L), client.ReceiveSimple());
        Assert.Equal((0u, 2L), client.ReceiveSimple());
    }

    [Fact]
    public async Task A_write_beyond_64_MiB_disconnects_before_its_payload()
    {
        await using var server = new RunningServer(new ArrayDevice([]) { ClaimedSize = 1L << 40 });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Write, 0, (64 * MiB) + 1);

        Assert.True(client.IsClosed());
    }

    [Theory]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(OperationCanceledException))]
    [InlineData(typeof(InvalidDataException))]
    public async Task A_time_out_and_whatever_else_has_no_errno_is_an_input_output_error(Type failure)
    {
        Exception[] failures = [new TimeoutException(), new OperationCanceledException(), new InvalidDataException()];
        var device = new ArrayDevice(new byte[Size])
        {
            Waiting = (_, _, _) => Task.FromException(failures.First(e => e.GetType() == failure)),
        };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 0, 512);

        Assert.Equal(RawClient.EIO, client.ReceiveSimple().Error);
    }

    [Fact]
    public async Task DISC_has_no_reply_and_what_follows_it_is_not_looked_at()
    {
        var device = new ArrayDevice(new byte[Size]);
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterSimple();

        client.Send(
        [
            .. RawClient.Request(RawClient.Flush, 0, 0, cookie: 1),
            .. RawClient.Request(RawClient.Disc, 0, 0),
            .. RawClient.Request(RawClient.Trim, 0, 512),
        ]);

        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client disconnected");
        Assert.Equal("flush", Assert.Single(device.Changes).Verb);
    }
}
