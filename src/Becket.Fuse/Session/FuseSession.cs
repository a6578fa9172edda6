using Becket.Blocks;
using Becket.Fuse.Protocol;
using Microsoft.Extensions.Logging;

namespace Becket.Fuse.Session;

/// <summary>
/// The conversation with the kernel about one mount: a few threads take requests and answer what is at hand; what is not becomes a
/// task that replies when the device has answered. Ends when the kernel lets go of the mount, and not before.
/// </summary>
internal sealed partial class FuseSession : IDisposable
{
    /// <summary>The longest read and write: 256 pages, the most that every kernel takes.</summary>
    public const int MaximumTransfer = MaximumPages * PageSize;

    private const int MaximumPages = 256;
    private const int PageSize = 4096;

    /// <summary>Of a write that cannot come: the kernel's own minimum.</summary>
    private const int MinimumWrite = PageSize;

    private const InitFlags Wanted = InitFlags.AsyncRead | InitFlags.BigWrites | InitFlags.AsyncDirectIo
        | InitFlags.ParallelFolderOperations | InitFlags.MaximumPages | InitFlags.Extended | InitFlags.DirectIoAllowsMapping;

    private readonly IBlockDevice _device;
    private readonly long _size;
    private readonly FileFolder _folder;
    private readonly ILogger _logger;
    private readonly TransferMemory _memory;
    private readonly RequestsInFlight _inFlight = new();
    private readonly RequestExecution _execution;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _maximumWrite;
    private readonly int _readAhead;
    private readonly int _threads;
    private int _running;
    private volatile bool _isRefusing;

    public FuseSession(IBlockDevice device, FuseFileOptions options, ILogger logger)
    {
        var info = device.Info;
        _device = device;
        _size = info.Size;
        _logger = logger;
        _threads = options.Threads;
        _readAhead = options.ReadAhead;
        _maximumWrite = info.IsReadOnly ? MinimumWrite : MaximumTransfer;
        _folder = new FileFolder(info.Size, info.IsReadOnly, options);
        _memory = new TransferMemory(options.TransferMemory);
        _execution = new RequestExecution(device, _memory, _inFlight, logger, _cancelled.Token);
    }

    /// <summary>Completes when the kernel has let go of the mount; never fails.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts the threads; takes over the descriptor of a mount.</summary>
    public void Start(FuseChannel channel)
    {
        FuseChannel[] channels = [channel, .. Enumerable.Range(1, _threads - 1).Select(_ => channel.Clone())];
        _running = channels.Length;
        foreach (var own in channels)
            new Thread(() => Run(own, channels)) { IsBackground = true, Name = "fuse" }.Start();
    }

    /// <summary>From now on the device is left alone: reads and changes fail with EIO at once, for as long as the mount lives.</summary>
    public void Refuse()
    {
        _isRefusing = true;
        _memory.Close();
    }

    /// <summary>Tells the device to give up what it is at.</summary>
    public void Cancel()
    {
        try
        {
            _cancelled.Cancel();
        }
        catch (AggregateException e)
        {
            LogCancelling(e);
        }
    }

    public Task<bool> WaitUntilIdleAsync(TimeSpan time) => _inFlight.WaitUntilIdleAsync(time);

    /// <summary>When nothing is in flight any more.</summary>
    public void Dispose() => _cancelled.Dispose();

    private void Run(FuseChannel own, FuseChannel[] all)
    {
        // Large enough for the longest write, as the kernel insists on.
        var request = GC.AllocateUninitializedArray<byte>(PageSize + Math.Max(_maximumWrite, 2 * PageSize));
        var reply = new TransferBuffer(MaximumTransfer);
        try
        {
            for (int length; (length = own.Receive(request)) > 0;)
                Handle(own, request.AsSpan(0, length), reply);
        }
        catch (FuseException e)
        {
            LogNoRequests(e.Message);
        }
        finally
        {
            // The last one turns off the light: a descriptor may be shared.
            if (Interlocked.Decrement(ref _running) == 0)
            {
                foreach (var channel in all)
                    channel.Dispose();
                _ended.SetResult();
            }
        }
    }

    private void Handle(FuseChannel channel, ReadOnlySpan<byte> request, TransferBuffer reply)
    {
        if (!RequestHeader.TryRead(request, out var header))
        {
            LogGarbled(request.Length);
            return;
        }
        var body = request[RequestHeader.Size..];
        try
        {
            if (header.Opcode == FuseOpcode.Read)
                Read(channel, header, body, reply);
            else
                HandleOther(channel, header, body, reply);
        }
        catch (Exception e)
        {
            LogUnexpected(e, header.Opcode);
            Report(channel.SendError(header.Unique, Errno.Io), header.Opcode);
        }
    }

    /// <summary>The kernel asks beyond the end where a page or a buffer reaches beyond it; what is there is short or nothing.</summary>
    private void Read(FuseChannel channel, in RequestHeader header, ReadOnlySpan<byte> body, TransferBuffer reply)
    {
        if (!TransferRequest.TryRead(body, out var request) || request.Offset < 0 || header.Node != FileFolder.FileNode)
        {
            Report(channel.SendError(header.Unique, Errno.Invalid), header.Opcode);
            return;
        }
        var length = (int)Math.Clamp(_size - request.Offset, 0, Math.Min(request.Length, MaximumTransfer));
        if (_isRefusing)
            Report(channel.SendError(header.Unique, Errno.Io), header.Opcode);
        else if (length == 0 || _device.TryRead(request.Offset, reply.Content[..length]))
            Report(channel.Send(reply.Seal(header.Unique, Errno.None, length)), header.Opcode);
        else if (_memory.Rent(length) is { } buffer)
            _execution.Start(channel, new DeviceRequest(header, new ByteRange(request.Offset, length)), buffer);
        else
            Report(channel.SendError(header.Unique, Errno.Io), header.Opcode);
    }

    private void HandleOther(FuseChannel channel, in RequestHeader header, ReadOnlySpan<byte> body, TransferBuffer reply)
    {
        switch (header.Opcode)
        {
            case FuseOpcode.Forget or FuseOpcode.BatchForget: // have no reply
                return;
            case FuseOpcode.Write or FuseOpcode.Sync or FuseOpcode.Allocate or FuseOpcode.Seek:
                StartOther(channel, header, body);
                return;
            default:
                var answer = header.Opcode == FuseOpcode.Init
                    ? Agree(body, reply.Content)
                    : _folder.AnswerTo(header, body, reply.Content);
                Report(channel.Send(reply.Seal(header.Unique, answer.Error, answer.Length)), header.Opcode);
                return;
        }
    }

    private void StartOther(FuseChannel channel, in RequestHeader header, ReadOnlySpan<byte> body)
    {
        var refusal = DeviceRequest.TryRead(header, body, _device.Info, out var request);
        if (refusal == Errno.None && _isRefusing)
            refusal = Errno.Io;
        if (refusal != Errno.None)
        {
            Report(channel.SendError(header.Unique, refusal), header.Opcode);
            return;
        }
        var payload = header.Opcode == FuseOpcode.Write ? body.Slice(TransferRequest.Size, (int)request.Range.Length) : [];
        if (_memory.Rent(payload.Length) is not { } buffer)
        {
            Report(channel.SendError(header.Unique, Errno.Io), header.Opcode);
            return;
        }
        payload.CopyTo(buffer.Content);
        _execution.Start(channel, request, buffer);
    }

    private Answer Agree(ReadOnlySpan<byte> body, Span<byte> reply)
    {
        if (!InitRequest.TryRead(body, out var request) || request.Major < InitReply.Major
            || (request.Major == InitReply.Major && request.Minor < InitReply.OldestMinor))
        {
            LogTooOld(request.Major, request.Minor);
            return Errno.Protocol;
        }
        // To a newer major version the answer is ours, and the kernel asks again in words that we know.
        var flags = request.Flags & Wanted;
        var readAhead = (uint)Math.Min(request.ReadAhead, _readAhead);
        new InitReply(readAhead, flags, _maximumWrite, MaximumPages).Write(reply);
        return Answer.Of(InitReply.Size);
    }

    private void Report(Errno error, FuseOpcode opcode)
    {
        if (error != Errno.None)
            LogNotSent(opcode, Libc.Words(error));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "FUSE {Opcode} failed unexpectedly")]
    private partial void LogUnexpected(Exception exception, FuseOpcode opcode);

    [LoggerMessage(Level = LogLevel.Error, Message = "The kernel did not take the reply to FUSE {Opcode}: {Reason}")]
    private partial void LogNotSent(FuseOpcode opcode, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A FUSE request of {Length} bytes is not what it says")]
    private partial void LogGarbled(int length);

    [LoggerMessage(Level = LogLevel.Error, Message = "No more FUSE requests: {Reason}")]
    private partial void LogNoRequests(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The kernel speaks FUSE {Major}.{Minor}; it takes 7.31, which came with Linux 5.2")]
    private partial void LogTooOld(uint major, uint minor);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The device failed at being cancelled")]
    private partial void LogCancelling(Exception exception);
}
