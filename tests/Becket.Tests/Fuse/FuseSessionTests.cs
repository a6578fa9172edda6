using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Becket.Blocks;
using Becket.Fuse;
using Becket.Fuse.Protocol;
using Becket.Fuse.Session;
using Becket.Tests.Nbd;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Becket.Tests.Fuse;

/// <summary>A session whose kernel is the test: a pair of sockets that keep the bounds of messages stands in for /dev/fuse.</summary>
public sealed partial class FuseSessionTests : IDisposable
{
    private const int UnixDomain = 1;
    private const int SequencedPackets = 5;

    private readonly byte[] _content = new byte[10_000];
    private SafeFileHandle? _kernel;

    public FuseSessionTests() => new Random(1).NextBytes(_content);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _kernel?.Dispose();

    [Fact]
    public void A_read_at_hand_is_answered_and_short_at_the_end()
    {
        Start(new ArrayDevice(_content, BlockDeviceFeatures.None));

        Assert.Equal((Errno.None, Convert.ToHexString(_content.AsSpan(100, 200))), Ask(FuseOpcode.Read, Transfer(100, 200)));
        Assert.Equal((Errno.None, Convert.ToHexString(_content.AsSpan(9000))), Ask(FuseOpcode.Read, Transfer(9000, 4096)));
        Assert.Equal((Errno.None, ""), Ask(FuseOpcode.Read, Transfer(20_000, 4096)));
        Assert.Equal(Errno.Invalid, Ask(FuseOpcode.Read, Transfer(-1, 4096)).Error);
    }

    [Fact]
    public async Task A_read_that_waits_does_not_hold_up_the_next_request()
    {
        var gate = new TaskCompletionSource();
        var session = Start(new ArrayDevice(_content, BlockDeviceFeatures.None) { Waiting = (_, _, _) => gate.Task }, threads: 1);
        Tell(1, FuseOpcode.Read, Transfer(0, 16));

        Assert.Equal((Errno.NotImplemented, ""), Ask(FuseOpcode.Interrupt, new byte[8]));
        Assert.False(await session.WaitUntilIdleAsync(TimeSpan.Zero));

        gate.SetResult();
        Assert.Equal((1UL, Errno.None, Convert.ToHexString(_content.AsSpan(0, 16))), Hear());
        Assert.True(await session.WaitUntilIdleAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(BlockError.Io, 5)]
    [InlineData(BlockError.ReadOnly, 1)]
    [InlineData(BlockError.Invalid, 22)]
    [InlineData(BlockError.NoSpace, 28)]
    [InlineData(BlockError.NotSupported, 95)]
    public void A_failure_becomes_an_errno(BlockError error, int errno)
    {
        Start(new ArrayDevice(_content, BlockDeviceFeatures.None)
        {
            Waiting = (_, _, _) => Task.FromException(new BlockDeviceException(error, "no")),
        });

        Assert.Equal(((Errno)errno, ""), Ask(FuseOpcode.Read, Transfer(0, 16)));
    }

    [Fact]
    public void A_defect_of_the_device_is_an_io_error()
    {
        Start(new ArrayDevice(_content, BlockDeviceFeatures.None) { Trying = _ => throw new InvalidOperationException("a defect") });

        Assert.Equal((Errno.Io, ""), Ask(FuseOpcode.Read, Transfer(0, 16)));
        Assert.Equal(Errno.None, Ask(FuseOpcode.GetAttributes, new byte[16]).Error);
    }

    [Fact]
    public void Changes_reach_a_writable_device_and_no_other()
    {
        var device = new ArrayDevice(_content);
        Start(device);

        Assert.Equal((Errno.None, "0300000000000000"), Ask(FuseOpcode.Write, [.. Transfer(5, 3), 1, 2, 3]));
        Assert.Equal([1, 2, 3], _content[5..8]);
        Assert.Equal((Errno.None, ""), Ask(FuseOpcode.Allocate, Allocation(4096, 4096, AllocateMode.KeepSize | AllocateMode.PunchHole)));
        Assert.Equal((Errno.None, ""), Ask(FuseOpcode.Allocate, Allocation(0, 16, AllocateMode.ZeroRange)));
        Assert.Equal((Errno.None, ""), Ask(FuseOpcode.Sync, new byte[16]));
        Assert.Equal(
            [
                ("write", new ByteRange(5, 3), WriteOptions.None),
                ("zero", new ByteRange(4096, 4096), WriteOptions.MayTrim),
                ("zero", new ByteRange(0, 16), WriteOptions.None),
                ("flush", default, WriteOptions.None),
            ],
            device.Changes);
        Assert.Equal(Errno.NoSpace, Ask(FuseOpcode.Write, [.. Transfer(9999, 3), 1, 2, 3]).Error);
        Assert.Equal(Errno.Invalid, Ask(FuseOpcode.Write, [.. Transfer(0, 4), 1, 2, 3]).Error);
        Assert.Equal(Errno.NotSupported, Ask(FuseOpcode.Allocate, Allocation(0, 16, AllocateMode.None)).Error);
    }

    [Fact]
    public void A_read_only_device_is_asked_for_no_change()
    {
        var device = new ArrayDevice(_content, BlockDeviceFeatures.None);
        Start(device);

        Assert.Equal(Errno.ReadOnlyFileSystem, Ask(FuseOpcode.Write, [.. Transfer(5, 3), 1, 2, 3]).Error);
        Assert.Equal(Errno.ReadOnlyFileSystem, Ask(FuseOpcode.Allocate, Allocation(0, 16, AllocateMode.ZeroRange)).Error);
        Assert.Equal(Errno.ReadOnlyFileSystem, Ask(FuseOpcode.Open, [2, 0, 0, 0, 0, 0, 0, 0]).Error);
        Assert.Equal(Errno.NotImplemented, Ask(FuseOpcode.Sync, new byte[16]).Error);
        Assert.Empty(device.Changes);
    }

    [Fact]
    public void After_refusal_the_device_is_left_alone_and_nobody_waits()
    {
        var session = Start(new ArrayDevice(_content) { Trying = _ => Assert.Fail("the device was asked") });

        session.Refuse();

        Assert.Equal((Errno.Io, ""), Ask(FuseOpcode.Read, Transfer(0, 16)));
        Assert.Equal((Errno.Io, ""), Ask(FuseOpcode.Write, [.. Transfer(0, 3), 1, 2, 3]));
        Assert.Equal(Errno.None, Ask(FuseOpcode.Release, new byte[24]).Error);
    }

    [Fact]
    public void An_old_kernel_is_refused_and_one_of_the_future_is_told_our_version()
    {
        Start(new ArrayDevice(_content));

        Assert.Equal((Errno.Protocol, ""), Ask(FuseOpcode.Init, Convert.FromHexString("07000000" + "1E000000" + "00000200" + "00000000")));
        Assert.StartsWith(
            "07000000",
            Ask(FuseOpcode.Init, Convert.FromHexString("08000000" + "00000000" + "00000200" + "00000000")).Content,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Forgetting_has_no_reply()
    {
        Start(new ArrayDevice(_content), threads: 1);
        Tell(1, FuseOpcode.Forget, new byte[8]);
        Tell(2, FuseOpcode.BatchForget, new byte[8]);
        Tell(3, FuseOpcode.Destroy, []);

        Assert.Equal((3UL, Errno.None, ""), Hear());
    }

    [Fact]
    public async Task Memory_for_waiting_reads_is_bounded()
    {
        var asked = 0;
        var gates = new SemaphoreSlim(0);
        var session = Start(
            new ArrayDevice(_content, BlockDeviceFeatures.None)
            {
                Waiting = (_, _, cancelled) =>
                {
                    Interlocked.Increment(ref asked);
                    return gates.WaitAsync(cancelled);
                },
            },
            threads: 1,
            memory: 2 * 4096);
        for (var i = 1UL; i <= 3; i++)
            Tell(i, FuseOpcode.Read, Transfer(0, 16));
        Tell(4, FuseOpcode.Destroy, []);

        gates.Release(); // the third read gets its memory, and only then is the last request taken
        var first = Hear();
        var second = Hear();
        Assert.Equal(4UL, Math.Max(first.Unique, second.Unique));
        Assert.Equal(3, Volatile.Read(ref asked));
        gates.Release(2);
        _ = (Hear(), Hear());
        Assert.True(await session.WaitUntilIdleAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task The_session_ends_with_its_connection()
    {
        var session = Start(new ArrayDevice(_content));

        _kernel!.Dispose();

        await session.Ended.WaitAsync(Token);
    }

    [Fact]
    public async Task Both_ends_of_a_disk_are_fetched_for_the_partition_scan()
    {
        var reads = new List<ByteRange>();
        var device = new ArrayDevice(new byte[1 << 20])
        {
            Waiting = (offset, length, _) =>
            {
                reads.Add(new ByteRange(offset, length));
                return Task.CompletedTask;
            },
        };

        await PartitionTables.FetchAsync(device, Token);

        Assert.Equal([new ByteRange(0, 65536), new ByteRange((1 << 20) - 65536, 65536)], reads);
    }

    private FuseSession Start(IBlockDevice device, int threads = 2, long memory = 1 << 20)
    {
        var pair = new int[2];
        Assert.Equal(0, SocketPair(UnixDomain, SequencedPackets, 0, pair));
        _kernel = new SafeFileHandle(pair[0], ownsHandle: true);
        var options = new FuseFileOptions { FileName = "disk", Threads = threads, TransferMemory = memory };
        var session = new FuseSession(device, options, NullLogger.Instance);
        session.Start(new FuseChannel(new SafeFileHandle(pair[1], ownsHandle: true)));
        return session;
    }

    private (Errno Error, string Content) Ask(FuseOpcode opcode, byte[] body)
    {
        Tell(77, opcode, body);
        var (unique, error, content) = Hear();
        Assert.Equal(77UL, unique);
        return (error, content);
    }

    private void Tell(ulong unique, FuseOpcode opcode, byte[] body)
    {
        var request = new byte[RequestHeader.Size + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(request, request.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), (uint)opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(8), unique);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(16), FileFolder.FileNode);
        body.CopyTo(request, RequestHeader.Size);
        Assert.Equal(request.Length, Libc.Write(_kernel!, request, request.Length));
    }

    private (ulong Unique, Errno Error, string Content) Hear()
    {
        var reply = new byte[65536];
        var length = (int)Libc.Read(_kernel!, reply, reply.Length);
        Assert.Equal(length, BinaryPrimitives.ReadInt32LittleEndian(reply));
        return (
            BinaryPrimitives.ReadUInt64LittleEndian(reply.AsSpan(8)),
            (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(reply.AsSpan(4))),
            Convert.ToHexString(reply.AsSpan(ReplyHeader.Size, length - ReplyHeader.Size)));
    }

    private static byte[] Transfer(long offset, int length)
    {
        var body = new byte[TransferRequest.Size];
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), offset);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(16), length);
        return body;
    }

    private static byte[] Allocation(long offset, long length, AllocateMode mode)
    {
        var body = new byte[AllocateRequest.Size];
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), offset);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(16), length);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(24), (int)mode);
        return body;
    }

    [LibraryImport("libc", EntryPoint = "socketpair")]
    private static partial int SocketPair(int domain, int type, int protocol, int[] pair);
}
