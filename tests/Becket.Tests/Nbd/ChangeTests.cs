using Becket.Blocks;

namespace Becket.Tests.Nbd;

public sealed class ChangeTests : IAsyncDisposable
{
    private readonly ArrayDevice _device = new(new byte[8 * 1024 * 1024]);

    public ValueTask DisposeAsync() => _device.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(3_000_001)]
    public async Task A_write_puts_every_byte_in_its_place(int length)
    {
        await using var server = new RunningServer(_device);
        using var client = server.Connect().EnterSimple();
        var data = new byte[length];
        new Random(length).NextBytes(data);

        client.SendRequest(RawClient.Write, 77, (uint)length, cookie: 6, payload: data);

        Assert.Equal((0u, 6L), client.ReceiveSimple());
        Assert.Equal(data, _device.Content.AsSpan(77, length));
        Assert.Equal(0, _device.Content[76]);
        Assert.Equal(0, _device.Content[77 + length]);
    }

    [Fact]
    public async Task A_payload_may_arrive_in_pieces_with_the_next_request_behind_it()
    {
        await using var server = new RunningServer(_device);
        using var client = server.Connect().EnterSimple();

        client.Send([.. RawClient.Request(RawClient.Write, 0, 6, cookie: 1), .. "ab"u8]);
        client.Send("cd"u8);
        client.Send([.. "ef"u8, .. RawClient.Request(RawClient.Read, 0, 6, cookie: 2)]);

        Assert.Equal((0u, 1L), client.ReceiveSimple());
        Assert.Equal((0u, 2L), client.ReceiveSimple());
        Assert.Equal("abcdef"u8, client.Receive(6));
    }

    [Theory]
    [InlineData(RawClient.Write, 0, "write", WriteOptions.None)]
    [InlineData(RawClient.Write, RawClient.Fua, "write", WriteOptions.Durable)]
    [InlineData(RawClient.WriteZeroes, 0, "zero", WriteOptions.MayTrim)]
    [InlineData(RawClient.WriteZeroes, RawClient.NoHole, "zero", WriteOptions.None)]
    [InlineData(
        RawClient.WriteZeroes,
        RawClient.NoHole | RawClient.FastZero | RawClient.Fua,
        "zero",
        WriteOptions.Durable | WriteOptions.FastOnly)]
    [InlineData(RawClient.Trim, RawClient.Fua, "trim", WriteOptions.Durable)]
    [InlineData(RawClient.Cache, 0, "prefetch", WriteOptions.None)]
    public async Task Commands_and_flags_reach_the_device_as_verbs_and_options(
        ushort command, ushort flags, string verb, WriteOptions options)
    {
        await using var server = new RunningServer(_device);
        using var client = server.Connect().EnterSimple();

        client.SendRequest(command, 4096, 512, flags, payload: command == RawClient.Write ? new byte[512] : []);

        Assert.Equal(0u, client.ReceiveSimple().Error);
        Assert.Equal([(verb, new ByteRange(4096, 512), options)], _device.Changes);
    }

    [Fact]
    public async Task A_flush_reaches_the_device()
    {
        await using var server = new RunningServer(_device);
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Flush, 0, 0);

        Assert.Equal(RawClient.Chunk.None, client.ReceiveChunk().Type);
        Assert.Equal("flush", Assert.Single(_device.Changes).Verb);
    }

    [Fact]
    public async Task A_refused_write_changes_nothing()
    {
        await using var server = new RunningServer(_device);
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Write, 8 * 1024 * 1024 - 2, 4, payload: "evil"u8);

        Assert.Equal(RawClient.ENOSPC, client.ReceiveSimple().Error);
        Assert.Empty(_device.Changes);
        Assert.Equal(0, _device.Content[^1]);
    }
}
