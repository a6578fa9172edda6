using Becket.Blocks;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd.Transmission;

/// <summary>
/// Carries out a validated request on the device and returns its reply. Never throws: whatever goes wrong becomes an
/// error reply. May be called while earlier requests are still under way.
/// </summary>
internal sealed partial class RequestExecution(NegotiatedExport export, ReplyFormat format, ILogger logger, CancellationToken aborted)
{
    private readonly IBlockDevice _device = export.Device;
    private readonly bool _knowsExtents = format.IsStructured && export.Info.Has(BlockDeviceFeatures.Extents);

    /// <summary>Whether a READ may be answered with hole chunks.</summary>
    public bool IsSparse(in NbdRequest request) =>
        _knowsExtents && request.Length >= SparseRead.MinimumRequest && !request.Has(CommandFlags.Df);

    /// <summary>Runs a request; takes over <paramref name="payload"/>, the bytes of a WRITE.</summary>
    public async ValueTask<Reply> RunAsync(NbdRequest request, PooledBuffer? payload)
    {
        try
        {
            var reply = await DispatchAsync(request, payload);
            payload?.Dispose();
            return reply;
        }
        catch (Exception e)
        {
            payload?.Abandon();
            return Reply.Refused(request.Cookie, Explain(request, e));
        }
    }

    /// <summary>The refusal for a failure; what is not the device's own word is a defect and goes to the log as one.</summary>
    public Refusal Explain(in NbdRequest request, Exception failure)
    {
        if (failure is BlockDeviceException { Error: BlockError.Io })
            LogFailed(request.Command, request.Offset, request.Length, failure.Message);
        else if (failure is not BlockDeviceException && !aborted.IsCancellationRequested)
            LogUnexpected(failure, request.Command, request.Offset, request.Length);

        return Refusal.From(failure);
    }

    private async ValueTask<Reply> DispatchAsync(NbdRequest request, PooledBuffer? payload)
    {
        var range = new ByteRange(request.Offset, request.Length);
        switch (request.Command)
        {
            case Command.Read:
                return Reply.Whole(request.Cookie, await ReadAsync(request));
            case Command.Write:
                await _device.WriteAsync(request.Offset, payload!.Memory, OptionsOf(request), aborted);
                break;
            case Command.WriteZeroes:
                await _device.ZeroAsync(range, OptionsOf(request), aborted);
                break;
            case Command.Trim:
                await _device.TrimAsync(range, OptionsOf(request), aborted);
                break;
            case Command.Flush:
                await _device.FlushAsync(aborted);
                break;
            case Command.Cache:
                await _device.PrefetchAsync(range, aborted);
                break;
            case Command.BlockStatus:
                return Reply.Whole(request.Cookie, await BlockStatus.ReportAsync(_device, request, export.Context!, aborted));
            default:
                throw new InvalidOperationException($"command {request.Command} passed validation");
        }

        return Reply.Done(request.Cookie);
    }

    private async ValueTask<PooledBuffer> ReadAsync(NbdRequest request)
    {
        if (IsSparse(request))
        {
            var holes = await SparseRead.FindHolesAsync(_device, new ByteRange(request.Offset, request.Length), aborted);
            if (holes.Count > 0)
                return await SparseRead.ReadAsync(_device, request, holes, aborted);
        }

        var reply = PooledBuffer.Rent(format.ReadHeaderSize + (int)request.Length);
        try
        {
            var content = reply.Memory[format.ReadHeaderSize..];
            if (!_device.TryRead(request.Offset, content.Span))
                await _device.ReadAsync(request.Offset, content, aborted);

            format.WriteReadHeader(reply.Span, request);
            return reply;
        }
        catch
        {
            reply.Abandon();
            throw;
        }
    }

    private static WriteOptions OptionsOf(in NbdRequest request)
    {
        var options = request.Has(CommandFlags.Fua) ? WriteOptions.Durable : WriteOptions.None;
        if (request.Command != Command.WriteZeroes)
            return options;

        if (!request.Has(CommandFlags.NoHole))
            options |= WriteOptions.MayTrim;
        if (request.Has(CommandFlags.FastZero))
            options |= WriteOptions.FastOnly;

        return options;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Command} of {Length} bytes at {Offset} failed: {Reason}")]
    private partial void LogFailed(Command command, long offset, uint length, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Command} of {Length} bytes at {Offset} failed unexpectedly")]
    private partial void LogUnexpected(Exception exception, Command command, long offset, uint length);
}
