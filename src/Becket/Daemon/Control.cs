using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Becket.Serving;

namespace Becket.Daemon;

/// <summary>What may be asked of an attachment's process.</summary>
internal enum ControlVerb
{
    /// <summary>How it is.</summary>
    Status,

    /// <summary>To detach its device and end. Refused while the device is in use.</summary>
    Detach,
}

/// <summary>A question over the control socket: one line of JSON, answered by one line of JSON.</summary>
internal sealed record ControlRequest(ControlVerb Verb);

/// <summary>The answer.</summary>
internal sealed record ControlReply
{
    /// <summary>Why it was refused; null where it was done.</summary>
    public string? Refusal { get; init; }

    public AttachmentStatus? Status { get; init; }

    [JsonIgnore]
    public static ControlReply Done { get; } = new();
}

/// <summary>The control socket of an attachment: its owner alone may connect. Answers one question per connection.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly UnixListener _listener;
    private readonly Func<ControlRequest, ControlReply> _answer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    /// <param name="path">The socket's path.</param>
    /// <param name="answer">Called for each question, for several at once.</param>
    public ControlServer(string path, Func<ControlRequest, ControlReply> answer)
    {
        _listener = UnixListener.Listen(path);
        _answer = answer;
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                _ = AnswerAsync(await _listener.Socket.AcceptAsync(_stopping.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, perhaps; the next one may have more luck.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var reader = new StreamReader(stream);
            using var patience = new CancellationTokenSource(Patience);
            if (await reader.ReadLineAsync(patience.Token) is not { } line
                || JsonSerializer.Deserialize(line, DaemonJson.Default.ControlRequest) is not { } request)
                return;
            // Off the thread that completes sockets: an answer may wait for the kernel, which waits for us.
            await Task.Yield();
            var reply = _answer(request);
            await ControlLine.WriteAsync(stream, reply, DaemonJson.Default.ControlReply, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or JsonException or OperationCanceledException or SocketException)
        {
            // Whoever asked has gone, or is not one of us.
        }
    }
}

/// <summary>Asks an attachment's process.</summary>
internal static class ControlClient
{
    /// <returns>The answer; null where no process answers.</returns>
    public static async Task<ControlReply?> AskAsync(string path, ControlVerb verb, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            await using var stream = new NetworkStream(socket);
            await ControlLine.WriteAsync(stream, new ControlRequest(verb), DaemonJson.Default.ControlRequest, cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync(cancellationToken) is { } line
                ? JsonSerializer.Deserialize(line, DaemonJson.Default.ControlReply)
                : null;
        }
        catch (Exception e) when (e is SocketException or IOException or JsonException)
        {
            return null;
        }
    }
}

/// <summary>A line of JSON on the control socket.</summary>
internal static class ControlLine
{
    /// <summary>Writes one, in one piece: after its answer a process may end at any moment, and no half of it may be left.</summary>
    public static ValueTask WriteAsync<T>(Stream stream, T message, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(message, type), (byte)'\n'], cancellationToken);
}
