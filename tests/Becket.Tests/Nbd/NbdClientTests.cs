using System.IO.Pipes;
using Becket.Blocks;
using Becket.Nbd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Nbd;

public class NbdClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_lists_the_exports_of_a_server()
    {
        await using var server = new RunningServer(new TestCatalog { ["a"] = new ArrayDevice([]), ["ö b"] = new ArrayDevice([]) });

        var exports = await NbdClient.ListAsync(server.Uri(), Token);

        Assert.Equal([new NbdListedExport("a", ""), new NbdListedExport("ö b", "")], exports);
    }

    [Fact]
    public async Task A_client_learns_what_an_export_is()
    {
        var device = new ArrayDevice(new byte[12345]) { MinimumBlock = 1, MaximumRequest = 65536 };
        await using var server = new RunningServer(new TestCatalog { ["x"] = device });

        var export = await NbdClient.InfoAsync(server.Uri("x"), Token);

        Assert.Equal(
            new NbdExport
            {
                Name = "x",
                Description = "an array",
                Size = 12345,
                Features = ArrayDevice.Everything & ~BlockDeviceFeatures.Extents,
                MinimumBlock = 1,
                PreferredBlock = 65536,
                MaximumRequest = 65536,
            },
            export);
    }

    [Fact]
    public async Task An_export_that_is_not_there_is_an_error_with_the_servers_words()
    {
        await using var server = new RunningServer(new ArrayDevice([]));

        var failure = await Assert.ThrowsAsync<NbdException>(() => NbdClient.ConnectAsync(server.Uri("nothing"), Token));

        Assert.Contains("there is no export \"nothing\"", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_request_is_an_error_with_its_errno_and_the_client_goes_on()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[100], BlockDeviceFeatures.None));
        await using var client = await server.ConnectClientAsync();

        var failure = await Assert.ThrowsAsync<NbdException>(() => client.WriteAsync(0, new byte[10], WriteOptions.None, Token));

        Assert.Equal((int)RawClient.EPERM, failure.Errno);
        Assert.Contains("read-only", failure.Message, StringComparison.Ordinal);
        await client.ReadAsync(0, new byte[100], Token);
    }

    [Fact]
    public async Task A_cancelled_request_ends_and_takes_the_connection_with_it()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new ArrayDevice(new byte[100])
        {
            Waiting = (_, _, cancellationToken) =>
            {
                started.SetResult();
                return Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        await using var server = new RunningServer(device, new NbdServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        await using var client = await server.ConnectClientAsync();
        using var cancelling = new CancellationTokenSource();

        var reading = client.ReadAsync(0, new byte[10], cancelling.Token);
        await started.Task;
        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[10], Token));
    }

    [Fact]
    public async Task A_server_that_stops_fails_what_its_clients_have_under_way()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[100]));
        await using var client = await server.ConnectClientAsync();

        server.Stop();
        await server.Serving;

        await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[10], Token));
    }

    [Fact]
    public async Task One_client_can_be_served_over_a_pair_of_pipes()
    {
        await using var requests = new AnonymousPipeServerStream(PipeDirection.Out);
        await using var replies = new AnonymousPipeServerStream(PipeDirection.In);
        await using var stream = new DuplexPipe(
            new AnonymousPipeClientStream(PipeDirection.In, requests.ClientSafePipeHandle),
            new AnonymousPipeClientStream(PipeDirection.Out, replies.ClientSafePipeHandle));
        await using var server = new NbdServer(
            new TestCatalog { [""] = new ArrayDevice([1, 2, 3]) }, new NbdServerOptions(), NullLoggerFactory.Instance);

        var serving = server.ServeSingleAsync(stream, "stdin", Token);
        var greeting = new byte[18];
        replies.ReadExactly(greeting);
        requests.Write([.. RawClient.Big(3u), .. "IHAVEOPT"u8, .. RawClient.Big(RawClient.ExportName), .. RawClient.Big(0u)]);
        requests.Write([.. RawClient.Request(RawClient.Read, 0, 3, cookie: 8), .. RawClient.Request(RawClient.Disc, 0, 0)]);
        var answer = new byte[10 + 16 + 3];
        replies.ReadExactly(answer);
        await serving;

        Assert.Equal([1, 2, 3], answer[26..]);
    }

    [Fact]
    public async Task A_client_over_pipes_does_not_hold_up_the_stop_of_the_server()
    {
        await using var requests = new AnonymousPipeServerStream(PipeDirection.Out);
        await using var replies = new AnonymousPipeServerStream(PipeDirection.In);
        await using var stream = new DuplexPipe(
            new AnonymousPipeClientStream(PipeDirection.In, requests.ClientSafePipeHandle),
            new AnonymousPipeClientStream(PipeDirection.Out, replies.ClientSafePipeHandle));
        await using var server = new NbdServer(
            new TestCatalog { [""] = new ArrayDevice([1, 2, 3]) }, new NbdServerOptions(), NullLoggerFactory.Instance);
        using var stopping = new CancellationTokenSource();

        var serving = server.ServeSingleAsync(stream, "stdin", stopping.Token);
        replies.ReadExactly(new byte[18]);
        await stopping.CancelAsync();

        await serving;
        requests.Dispose();
    }

    /// <summary>What standard input and output are together.</summary>
    private sealed class DuplexPipe(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer) => input.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => output.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override void Flush() => output.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
