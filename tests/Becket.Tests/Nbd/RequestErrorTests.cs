using Becket.Blocks;
using Becket.Nbd.Protocol;
using Becket.Nbd.Transmission;

namespace Becket.Tests.Nbd;

/// <summary>Which errno answers which request, through a real connection that must go on working behind it.</summary>
public class RequestErrorTests
{
    private const ulong Size = 1_000_000;
    private const uint MiB32 = 32 * 1024 * 1024;

    public enum Export
    {
        Writable,
        ReadOnly,

        /// <summary>Can be written and nothing more.</summary>
        Plain,
    }

    public static TheoryData<string, Export, ushort, ushort, ulong, uint, uint> Table => new()
    {
        { "read up to the end", Export.Writable, RawClient.Read, 0, Size - 10, 10, 0 },
        { "read past the end", Export.Writable, RawClient.Read, 0, Size - 10, 11, RawClient.EINVAL },
        { "read behind the end", Export.Writable, RawClient.Read, 0, Size + 1, 1, RawClient.EINVAL },
        { "empty read at the end", Export.Writable, RawClient.Read, 0, Size, 0, 0 },
        { "empty read behind the end", Export.Writable, RawClient.Read, 0, Size + 1, 0, RawClient.EINVAL },
        { "read that wraps around", Export.Writable, RawClient.Read, 0, ulong.MaxValue - 3, 8, RawClient.EINVAL },
        { "read that wraps around to a positive end", Export.Writable, RawClient.Read, 0, long.MaxValue, 4096, RawClient.EINVAL },
        { "read over the maximum", Export.Writable, RawClient.Read, 0, 0, MiB32 + 1, RawClient.EINVAL },
        { "read of 4 GiB", Export.Writable, RawClient.Read, 0, 0, uint.MaxValue, RawClient.EINVAL },
        { "read with FUA that was offered", Export.Writable, RawClient.Read, RawClient.Fua, 0, 10, 0 },
        { "read with FUA that was not offered", Export.Plain, RawClient.Read, RawClient.Fua, 0, 10, RawClient.EINVAL },
        { "read with DF without structured replies", Export.Writable, RawClient.Read, RawClient.Df, 0, 10, RawClient.EINVAL },
        { "read with REQ_ONE", Export.Writable, RawClient.Read, RawClient.ReqOne, 0, 10, RawClient.EINVAL },
        { "read with an unknown flag", Export.Writable, RawClient.Read, 0x8000, 0, 10, RawClient.EINVAL },
        { "write up to the end", Export.Writable, RawClient.Write, 0, Size - 10, 10, 0 },
        { "write past the end", Export.Writable, RawClient.Write, 0, Size - 10, 11, RawClient.ENOSPC },
        { "write that wraps around", Export.Writable, RawClient.Write, 0, ulong.MaxValue - 3, 8, RawClient.ENOSPC },
        { "empty write", Export.Writable, RawClient.Write, 0, 0, 0, 0 },
        { "write on a read-only export", Export.ReadOnly, RawClient.Write, 0, 0, 100_000, RawClient.EPERM },
        { "write past the end of a read-only export", Export.ReadOnly, RawClient.Write, 0, Size, 10, RawClient.EPERM },
        { "write over the maximum", Export.Writable, RawClient.Write, 0, 0, MiB32 + 1, RawClient.EINVAL },
        { "write with NO_HOLE", Export.Writable, RawClient.Write, RawClient.NoHole, 0, 10, RawClient.EINVAL },
        { "write with FUA that was not offered", Export.Plain, RawClient.Write, RawClient.Fua, 0, 10, RawClient.EINVAL },
        { "trim", Export.Writable, RawClient.Trim, RawClient.Fua, 0, 4096, 0 },
        { "trim past the end", Export.Writable, RawClient.Trim, 0, Size, 1, RawClient.EINVAL },
        { "trim of 4 GiB", Export.Writable, RawClient.Trim, 0, 1, uint.MaxValue, RawClient.EINVAL },
        { "empty trim", Export.Writable, RawClient.Trim, 0, 0, 0, 0 },
        { "trim on a read-only export", Export.ReadOnly, RawClient.Trim, 0, 0, 4096, RawClient.EPERM },
        { "trim that was not offered", Export.Plain, RawClient.Trim, 0, 0, 4096, RawClient.EINVAL },
        { "zeroes", Export.Writable, RawClient.WriteZeroes, RawClient.Fua | RawClient.NoHole | RawClient.FastZero, 0, 4096, 0 },
        { "zeroes over the whole export", Export.Writable, RawClient.WriteZeroes, 0, 0, (uint)Size, 0 },
        { "zeroes past the end", Export.Writable, RawClient.WriteZeroes, 0, Size - 1, 2, RawClient.ENOSPC },
        { "zeroes on a read-only export", Export.ReadOnly, RawClient.WriteZeroes, 0, 0, 4096, RawClient.EPERM },
        { "fast zeroes on a read-only export", Export.ReadOnly, RawClient.WriteZeroes, RawClient.FastZero, 0, 4096, RawClient.EPERM },
        { "zeroes that were not offered", Export.Plain, RawClient.WriteZeroes, 0, 0, 4096, RawClient.EINVAL },
        { "empty zeroes", Export.Writable, RawClient.WriteZeroes, 0, 0, 0, 0 },
        { "flush", Export.Writable, RawClient.Flush, 0, 0, 0, 0 },
        { "flush with FUA", Export.Writable, RawClient.Flush, RawClient.Fua, 0, 0, 0 },
        { "flush of a range", Export.Writable, RawClient.Flush, 0, 0, 10, RawClient.EINVAL },
        { "flush that was not offered", Export.Plain, RawClient.Flush, 0, 0, 0, RawClient.EINVAL },
        { "cache", Export.Writable, RawClient.Cache, 0, 0, (uint)Size, 0 },
        { "cache past the end", Export.Writable, RawClient.Cache, 0, 1, (uint)Size, RawClient.EINVAL },
        { "empty cache", Export.Writable, RawClient.Cache, 0, 0, 0, 0 },
        { "cache that was not offered", Export.Plain, RawClient.Cache, 0, 0, 1, RawClient.EINVAL },
        { "block status without a context", Export.Writable, RawClient.BlockStatus, 0, 0, 4096, RawClient.EINVAL },
        { "resize", Export.Writable, 8, 0, 0, 4096, RawClient.EINVAL },
        { "unknown command", Export.Writable, 0xFFFF, 0, 0, 4096, RawClient.EINVAL },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Each_wrong_request_has_its_errno(
        string what, Export export, ushort command, ushort flags, ulong offset, uint length, uint errno)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[Size], FeaturesOf(export)));
        using var client = server.Connect().EnterSimple();

        client.SendRequest(command, offset, length, flags, cookie: 42, command == RawClient.Write ? new byte[length] : []);

        Assert.Equal((errno, 42L), client.ReceiveSimple());
        if (errno == 0 && command == RawClient.Read)
            client.Receive((int)length);
        client.SendRequest(RawClient.Read, 0, 0, cookie: 43);
        Assert.True(client.ReceiveSimple() == (0u, 43L), $"{what} left the connection out of step");
    }

    [Theory]
    [InlineData(RawClient.Read, 0, RawClient.EINVAL)]
    [InlineData(RawClient.Read, RawClient.Df, RawClient.EOVERFLOW)]
    public async Task A_structured_read_over_the_maximum_is_refused_in_words(ushort command, ushort flags, uint errno)
    {
        await using var server = new RunningServer(new ArrayDevice([], FeaturesOf(Export.ReadOnly)) { ClaimedSize = 1L << 40 });
        using var client = server.Connect().EnterStructured();

        client.SendRequest(command, 0, MiB32 + 1, flags, cookie: 7);

        var chunk = client.ReceiveChunk();
        Assert.True(chunk.IsDone);
        Assert.Equal((RawClient.Chunk.Failure, 7L, errno), (chunk.Type, chunk.Cookie, chunk.Error));
        Assert.NotEmpty(chunk.Sentence);
    }

    [Fact]
    public async Task The_maximum_is_the_one_of_the_device_where_that_is_smaller()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[10_000]) { MaximumRequest = 4096 });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 0, 4097);
        Assert.Equal(RawClient.EINVAL, client.ReceiveSimple().Error);
        client.SendRequest(RawClient.Write, 0, 4097, payload: new byte[4097]);
        Assert.Equal(RawClient.EINVAL, client.ReceiveSimple().Error);
        client.SendRequest(RawClient.WriteZeroes, 0, 8192);
        Assert.Equal(0u, client.ReceiveSimple().Error);
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(512, 1)]
    public async Task What_is_not_aligned_to_the_minimum_block_is_invalid(ulong offset, uint length)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[10_240]) { MinimumBlock = 512 });
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, offset, length);

        Assert.Equal(RawClient.EINVAL, client.ReceiveSimple().Error);
    }

    [Fact]
    public async Task A_write_of_absurd_length_disconnects()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[10_000]));
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Write, 0, uint.MaxValue);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("announced a write of 4294967295 bytes");
    }

    [Fact]
    public async Task A_request_with_a_wrong_magic_disconnects()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[10_000]));
        using var client = server.Connect().EnterSimple();

        client.Send(new byte[28]);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("wrong magic");
    }

    [Theory]
    [InlineData(BlockError.Io, RawClient.EIO)]
    [InlineData(BlockError.ReadOnly, RawClient.EPERM)]
    [InlineData(BlockError.Invalid, RawClient.EINVAL)]
    [InlineData(BlockError.NoSpace, RawClient.ENOSPC)]
    [InlineData(BlockError.NotSupported, RawClient.ENOTSUP)]
    public async Task A_failure_of_the_device_becomes_its_errno_with_its_sentence(BlockError error, uint errno)
    {
        var device = new ArrayDevice(new byte[10_000])
        {
            Waiting = (_, _, _) => throw new BlockDeviceException(error, "the moon is in the way"),
        };
        await using var server = new RunningServer(device);
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 0, 512);
        var reading = client.ReceiveChunk();
        client.SendRequest(RawClient.Write, 0, 3, payload: "abc"u8);
        var writing = client.ReceiveChunk();

        Assert.Equal((RawClient.Chunk.Failure, errno, "the moon is in the way"), (reading.Type, reading.Error, reading.Sentence));
        Assert.Equal((RawClient.Chunk.Failure, errno, "the moon is in the way"), (writing.Type, writing.Error, writing.Sentence));
    }

    [Fact]
    public async Task An_unexpected_exception_is_an_input_output_error_and_goes_to_the_log()
    {
        await using var server = new RunningServer(
            new ArrayDevice(new byte[10_000]) { Trying = _ => throw new InvalidOperationException("secret path") });
        using var client = server.Connect().EnterStructured();

        client.SendRequest(RawClient.Read, 512, 100);

        var chunk = client.ReceiveChunk();
        Assert.Equal(RawClient.EIO, chunk.Error);
        Assert.DoesNotContain("secret", chunk.Sentence, StringComparison.Ordinal);
        await server.Log.WaitForAsync("Read of 100 bytes at 512 failed unexpectedly");
    }

    [Fact]
    public void A_time_out_is_an_input_output_error() =>
        Assert.Equal(NbdError.Io, Refusal.From(new TimeoutException()).Error);

    private static BlockDeviceFeatures FeaturesOf(Export export) => export switch
    {
        Export.Writable => ArrayDevice.Everything,
        Export.ReadOnly => ArrayDevice.Everything & ~BlockDeviceFeatures.Write,
        _ => BlockDeviceFeatures.Write,
    };
}
