using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd.Client;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;

namespace Becket.Nbd;

/// <summary>
/// A connection to an export of an NBD server. Requests may be made from several threads at once and complete in any
/// order; cancelling one after it was sent ends the connection, because its buffer may still be filled.
/// </summary>
/// <remarks>Failures are <see cref="NbdException"/>s, and <see cref="SocketException"/>s where there is nobody to connect to.</remarks>
public sealed class NbdClient : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly ReplyReceiver _receiver;
    private readonly Task _receiving;
    private readonly SemaphoreSlim _sending = new(1);
    private long _lastCookie;

    private NbdClient(Stream stream, NbdExport export, uint? allocationId)
    {
        _stream = stream;
        Export = export;
        _receiver = new ReplyReceiver(stream, allocationId);
        _receiving = _receiver.RunAsync();
    }

    public NbdExport Export { get; }

    /// <summary>Connects and enters the export, with structured replies and base:allocation where the server has them.</summary>
    public static async Task<NbdClient> ConnectAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        var channel = await OpenAsync(uri, cancellationToken);
        try
        {
            uint? allocationId = null;
            if (await ClientHandshake.NegotiateStyleAsync(channel, cancellationToken) == ReplyStyle.Structured)
                allocationId = await ClientHandshake.SelectAllocationAsync(channel, uri.Export, cancellationToken);

            var export = await ClientHandshake.EnterAsync(channel, uri.Export, cancellationToken);
            if (allocationId is not null)
                export = export with { Features = export.Features | BlockDeviceFeatures.Extents };

            return new NbdClient(channel.Stream, export, allocationId);
        }
        catch
        {
            await channel.Stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>The exports that the server tells of; the export in the URI does not matter.</summary>
    public static Task<IReadOnlyList<NbdListedExport>> ListAsync(NbdUri uri, CancellationToken cancellationToken) =>
        AskAsync(uri, channel => ClientHandshake.ListAsync(channel, cancellationToken), cancellationToken);

    /// <summary>What the export is, without entering it.</summary>
    public static Task<NbdExport> InfoAsync(NbdUri uri, CancellationToken cancellationToken) =>
        AskAsync(uri, channel => ClientHandshake.DescribeAsync(channel, uri.Export, cancellationToken), cancellationToken);

    /// <summary>Fills all of <paramref name="buffer"/>, which is the client's until the task has completed.</summary>
    public async Task ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        await RequestAsync(Command.Read, CommandFlags.None, new ByteRange(offset, buffer.Length), buffer, default, cancellationToken);

    public async Task WriteAsync(long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
        await RequestAsync(Command.Write, FlagsOf(options), new ByteRange(offset, data.Length), default, data, cancellationToken);

    public async Task ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken)
    {
        var flags = FlagsOf(options) | (options.HasFlag(WriteOptions.MayTrim) ? CommandFlags.None : CommandFlags.NoHole);
        await RequestAsync(Command.WriteZeroes, flags, range, default, default, cancellationToken);
    }

    public async Task TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) =>
        await RequestAsync(Command.Trim, FlagsOf(options), range, default, default, cancellationToken);

    public async Task FlushAsync(CancellationToken cancellationToken) =>
        await RequestAsync(Command.Flush, CommandFlags.None, default, default, default, cancellationToken);

    public async Task PrefetchAsync(ByteRange range, CancellationToken cancellationToken) =>
        await RequestAsync(Command.Cache, CommandFlags.None, range, default, default, cancellationToken);

    /// <summary>What is known about a range, from its start on. May end before the range does: ask again from there.</summary>
    public async Task<IReadOnlyList<Extent>> BlockStatusAsync(ByteRange range, CancellationToken cancellationToken)
    {
        var request = await RequestAsync(Command.BlockStatus, CommandFlags.None, range, default, default, cancellationToken);
        return request.Extents;
    }

    /// <summary>Says goodbye and closes; requests that are still under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SendAsync(new NbdRequest(CommandFlags.None, Command.Disconnect, 0, 0, 0), default, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The server was faster.
        }

        await _stream.DisposeAsync();
        await _receiving;
        _sending.Dispose();
    }

    private static async Task<T> AskAsync<T>(NbdUri uri, Func<ClientChannel, ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        var channel = await OpenAsync(uri, cancellationToken);
        await using var stream = channel.Stream;
        var answer = await ask(channel);
        await channel.AskAsync(OptionCode.Abort, default, cancellationToken);
        return answer;
    }

    /// <summary>Connects, greets and, where the URI says so, goes over to TLS. The channel's stream is the caller's.</summary>
    private static async Task<ClientChannel> OpenAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        var stream = await ConnectSocketAsync(uri, cancellationToken);
        try
        {
            var channel = new ClientChannel(stream);
            await channel.GreetAsync(cancellationToken);
            return uri.Protection == NbdProtection.Tls
                ? new ClientChannel(await ClientTls.StartAsync(channel, uri, cancellationToken))
                : channel;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<Stream> ConnectSocketAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        var socket = uri.Address is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(uri.Address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static CommandFlags FlagsOf(WriteOptions options) =>
        (options.HasFlag(WriteOptions.Durable) ? CommandFlags.Fua : CommandFlags.None)
        | (options.HasFlag(WriteOptions.FastOnly) ? CommandFlags.FastZero : CommandFlags.None);

    private async Task<PendingRequest> RequestAsync(
        Command command,
        CommandFlags flags,
        ByteRange range,
        Memory<byte> destination,
        ReadOnlyMemory<byte> payload,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new PendingRequest(range, destination);
        var request = new NbdRequest(flags, command, Interlocked.Increment(ref _lastCookie), range.Offset, checked((uint)range.Length));

        using var cancelling = cancellationToken.Register(_stream.Dispose);
        _receiver.Add(request.Cookie, pending);
        try
        {
            await SendAsync(request, payload, cancellationToken);
            await pending.Completed;
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is not OperationCanceledException)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (Exception e) when (e is ObjectDisposedException || (e is IOException and not NbdException))
        {
            throw new NbdException($"the NBD connection was lost: {e.Message}", 0, e);
        }

        return pending;
    }

    private async Task SendAsync(NbdRequest request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var message = new byte[NbdRequest.Size + payload.Length];
        request.Write(message);
        payload.CopyTo(message.AsMemory(NbdRequest.Size));

        await _sending.WaitAsync(cancellationToken);
        try
        {
            // Half a request would put every later one out of step, so that it is never given up on the way.
            await _stream.WriteAsync(message, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }
}
