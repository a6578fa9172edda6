using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd;
using Becket.Nbd.Kernel;

namespace Becket.Tests.Nbd.Kernel;

/// <summary>A session as the kernel has it: over a pair of sockets, without a handshake, with the test in the kernel's place.</summary>
public sealed class KernelSessionTests : IAsyncDisposable
{
    private readonly byte[] _content = new byte[65536];
    private readonly CapturedLog _log = new();
    private NbdServer? _server;

    public KernelSessionTests() => new Random(21).NextBytes(_content);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Fact]
    public void Requests_are_answered_from_the_first_byte_on_with_simple_replies()
    {
        using var kernel = Connect(new ArrayDevice(_content), out _);

        kernel.SendRequest(RawClient.Read, 4096, 1000, cookie: 7);
        Assert.Equal((0u, 7L), kernel.ReceiveSimple());
        Assert.Equal(_content.AsSpan(4096, 1000).ToArray(), kernel.Receive(1000));

        kernel.SendRequest(RawClient.Write, 512, 4, cookie: 8, payload: "abcd"u8);
        Assert.Equal((0u, 8L), kernel.ReceiveSimple());
        Assert.Equal("abcd"u8.ToArray(), _content[512..516]);

        kernel.SendRequest(RawClient.Flush, 0, 0, cookie: 9);
        Assert.Equal((0u, 9L), kernel.ReceiveSimple());
    }

    /// <summary>A hole would have to be a chunk of a structured reply, and the kernel takes none.</summary>
    [Fact]
    public void Zeroes_are_sent_as_bytes()
    {
        using var kernel = Connect(new ArrayDevice(new byte[65536]), out _);

        kernel.SendRequest(RawClient.Read, 0, 65536, cookie: 1);

        Assert.Equal((0u, 1L), kernel.ReceiveSimple());
        Assert.Equal(new byte[65536], kernel.Receive(65536));
    }

    [Fact]
    public async Task A_disconnect_ends_the_session_and_is_remembered()
    {
        using var kernel = Connect(new ArrayDevice(_content), out var session);

        kernel.SendRequest(RawClient.Disc, 0, 0);

        await session.Ended.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(session.HasSaidGoodbye);
        Assert.True(kernel.IsClosed());
    }

    [Fact]
    public async Task A_socket_that_is_just_closed_ends_the_session_without_a_goodbye()
    {
        using var kernel = Connect(new ArrayDevice(_content), out var session);

        kernel.Socket.Shutdown(SocketShutdown.Both);

        await session.Ended.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(session.HasSaidGoodbye);
        Assert.False(session.IsStopping);
    }

    /// <summary>An error would be one of the disk to whoever reads; what the kernel can no longer send us it sends a successor.</summary>
    [Fact]
    public async Task Requests_that_arrived_behind_the_stop_are_carried_out_and_not_refused()
    {
        using var isReading = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var device = new ArrayDevice(_content)
        {
            Trying = _ =>
            {
                isReading.Set();
                goOn.Wait();
            },
        };
        using var kernel = Connect(device, out var session);
        kernel.Send([
            .. RawClient.Request(RawClient.Read, 0, 4, cookie: 1),
            .. RawClient.Request(RawClient.Read, 4, 4, cookie: 2),
            .. RawClient.Request(RawClient.Write, 8, 4, cookie: 3), .. "good"u8,
        ]);
        isReading.Wait(TestContext.Current.CancellationToken);

        var stopping = _server!.DisposeAsync();
        await _log.WaitForAsync("stopping");
        goOn.Set();

        await stopping;
        Assert.True(session.IsStopping);
        Assert.Equal((0u, 1L), kernel.ReceiveSimple());
        Assert.Equal(_content.AsSpan(0, 4).ToArray(), kernel.Receive(4));
        Assert.Equal((0u, 2L), kernel.ReceiveSimple());
        Assert.Equal(_content.AsSpan(4, 4).ToArray(), kernel.Receive(4));
        Assert.Equal((0u, 3L), kernel.ReceiveSimple());
        Assert.Equal("good"u8.ToArray(), _content[8..12]);
        Assert.True(kernel.IsClosed());
    }

    /// <summary>Other clients would be cut off after this time, in the middle of a write and with replies that they do not take.</summary>
    [Fact]
    public async Task The_kernel_may_be_slow()
    {
        var options = new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(1), HandshakeTimeout = TimeSpan.FromMilliseconds(1) };
        using var kernel = Connect(new ArrayDevice(_content), out var session, options);

        // The one reply is larger than the socket's buffer, and the write waits for its second half.
        const int reads = 64;
        for (var read = 0; read < reads; read++)
            kernel.SendRequest(RawClient.Read, 0, 65536, cookie: read);
        kernel.Send([.. RawClient.Request(RawClient.Write, 0, 4, cookie: reads), .. "ab"u8]);
        await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        for (var read = 0; read < reads; read++)
        {
            Assert.Equal((0u, (long)read), kernel.ReceiveSimple());
            Assert.Equal(_content, kernel.Receive(65536));
        }

        await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        kernel.Send("cd"u8);
        Assert.Equal((0u, (long)reads), kernel.ReceiveSimple());
        Assert.False(session.Ended.IsCompleted);
    }

    [Fact]
    public async Task An_abort_answers_nothing_rather_than_an_error()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(_content)
        {
            Waiting = (_, _, cancellationToken) =>
            {
                started.SetResult();
                return Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        using var kernel = Connect(device, out _, new NbdServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        kernel.SendRequest(RawClient.Read, 0, 100, cookie: 1);
        await started.Task;

        await _server!.DisposeAsync();

        Assert.True(kernel.IsClosed());
    }

    private RawClient Connect(IBlockDevice device, out NbdSession session, NbdServerOptions? options = null)
    {
        _server = new NbdServer(new TestCatalog(), options ?? new NbdServerOptions(), _log);
        using var pair = KernelSocketPair.Create();
        var handle = new SafeSocketHandle(Duplicates.Of(pair.KernelDescriptor), ownsHandle: true);
        var kernelEnd = new Socket(handle) { ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        pair.CloseKernelEnd();
        session = _server.ServeKernel(pair.TakeOurEnd(), "the test", "export", device);
        return new RawClient(kernelEnd);
    }
}
