using System.Runtime.CompilerServices;
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

    /// <summary>Whether a READ is worth asking for zeroes, to be answered with hole chunks.</summary>
    public bool IsSparse(in NbdRequest request) =>
        _knowsExtents && request.Length >= SparseRead.MinimumRequest && !request.Has(CommandFlags.Df)
        && _device.MayHaveZeroes(new ByteRange(request.Offset, request.Length));

    /// <summary>The bytes that a validated request needs for its reply, to be rented before the device sees it; 0: only a header.</summary>
    public int ReplySpace(in NbdRequest request) => request.Command switch
    {
        Command.Read => format.ReadHeaderSize + (int)request.Length,
        Command.BlockStatus => BlockStatus.MaximumSize,
        _ => 0,
    };

    /// <summary>Runs a request; takes over <paramref name="buffer"/>, the payload of a WRITE or the <see cref="ReplySpace"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Reply> RunAsync(NbdRequest request, TransferBuffer? buffer)
    {
        var range = new ByteRange(request.Offset, request.Length);
        try
        {
            switch (request.Command)
            {
                case Command.Read when IsSparse(request):
                    await ReadSparselyAsync(request, buffer!);
                    return Reply.Whole(request.Cookie, buffer!);
                case Command.Read:
                    var content = buffer!.Memory[format.ReadHeaderSize..];
                    if (!_device.TryRead(request.Offset, content.Span))
                        await _device.ReadAsync(request.Offset, content, aborted);

                    format.WriteReadHeader(buffer.Span, request);
                    return Reply.Whole(request.Cookie, buffer);
                case Command.BlockStatus:
                    await BlockStatus.ReportAsync(_device, request, export.Context!, buffer!, aborted);
                    return Reply.Whole(request.Cookie, buffer!);
                case Command.Write:
                    await _device.WriteAsync(request.Offset, buffer!.Memory, OptionsOf(request), aborted);
                    buffer.Dispose();
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
                default:
                    throw new InvalidOperationException($"command {request.Command} passed validation");
            }

            return Reply.Done(request.Cookie);
        }
        catch (Exception e)
        {
            buffer?.Abandon();
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

    private async ValueTask ReadSparselyAsync(NbdRequest request, TransferBuffer reply)
    {
        // Without a hole it is one data chunk, as from any other read.
        var holes = await SparseRead.FindHolesAsync(_device, new ByteRange(request.Offset, request.Length), aborted);
        await SparseRead.ReadAsync(_device, request, holes, reply, aborted);
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
