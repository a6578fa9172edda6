using Becket.Blocks;
using Becket.Fuse.Protocol;
using Microsoft.Extensions.Logging;

namespace Becket.Fuse.Session;

/// <summary>
/// Carries out a checked request on the device and sends its reply when the device has answered, from whatever thread that is.
/// The one place where a failure becomes an errno. Never throws.
/// </summary>
internal sealed partial class RequestExecution(
    IBlockDevice device, TransferMemory memory, RequestsInFlight inFlight, ILogger logger, CancellationToken cancelled)
{
    /// <summary>
    /// Takes over the buffer: room for what is read, or what is to be written. Returns as soon as the device makes it wait.
    /// </summary>
    public void Start(FuseChannel channel, in DeviceRequest request, TransferBuffer buffer)
    {
        inFlight.Enter();
        _ = RunAsync(channel, request, buffer);
    }

    private async Task RunAsync(FuseChannel channel, DeviceRequest request, TransferBuffer buffer)
    {
        try
        {
            Errno notSent;
            try
            {
                var answer = await AnswerAsync(request, buffer);
                notSent = channel.Send(buffer.Seal(request.Header.Unique, answer.Error, answer.Length));
                memory.Return(buffer);
            }
            catch (Exception e)
            {
                memory.Abandon(buffer);
                notSent = channel.SendError(request.Header.Unique, Explain(request, e));
            }
            if (notSent != Errno.None)
                LogNotSent(request.Header.Opcode, Libc.Words(notSent));
        }
        catch (ObjectDisposedException)
        {
            // The mount is over and its descriptor closed: nobody waits for this reply.
        }
        finally
        {
            inFlight.Leave();
        }
    }

    private async ValueTask<Answer> AnswerAsync(DeviceRequest request, TransferBuffer buffer)
    {
        var range = request.Range;
        switch (request.Header.Opcode)
        {
            case FuseOpcode.Read:
                await device.ReadAsync(range.Offset, buffer.Memory[..(int)range.Length], cancelled);
                return Answer.Of((int)range.Length);
            case FuseOpcode.Write:
                await device.WriteAsync(range.Offset, buffer.Memory[..(int)range.Length], WriteOptions.None, cancelled);
                new WriteReply((uint)range.Length).Write(buffer.Content);
                return Answer.Of(WriteReply.Size);
            case FuseOpcode.Allocate:
                if (!range.IsEmpty)
                    await device.ZeroAsync(range, request.MayTrim ? WriteOptions.MayTrim : WriteOptions.None, cancelled);
                return Answer.Done;
            case FuseOpcode.Sync:
                await device.FlushAsync(cancelled);
                return Answer.Done;
            case FuseOpcode.Seek:
                return await SeekAsync(request, buffer);
            default:
                throw new InvalidOperationException($"{request.Header.Opcode} is not for the device");
        }
    }

    /// <summary>Looks no further than the first stretch of the kind that is asked for. The end of the file counts as a hole.</summary>
    private async ValueTask<Answer> SeekAsync(DeviceRequest request, TransferBuffer buffer)
    {
        await foreach (var extent in device.GetExtentsAsync(request.Range, cancelled))
        {
            if (extent.Kind.HasFlag(ExtentKind.Zero) == request.SeeksHole)
                return Found(extent.Range.Offset, buffer);
        }
        return request.SeeksHole ? Found(request.Range.End, buffer) : Errno.NoSuchDeviceOrAddress;
    }

    private static Answer Found(long offset, TransferBuffer buffer)
    {
        new SeekReply(offset).Write(buffer.Content);
        return Answer.Of(SeekReply.Size);
    }

    /// <summary>What is not the device's own word is a defect and goes to the log as one.</summary>
    private Errno Explain(in DeviceRequest request, Exception failure)
    {
        if (failure is BlockDeviceException { Error: BlockError.Io })
            LogFailed(request.Header.Opcode, request.Range.Length, request.Range.Offset, failure.Message);
        else if (failure is not BlockDeviceException && !cancelled.IsCancellationRequested)
            LogUnexpected(failure, request.Header.Opcode, request.Range.Length, request.Range.Offset);

        return failure is BlockDeviceException { Error: var error } ? ErrnoOf(error) : Errno.Io;
    }

    private static Errno ErrnoOf(BlockError error) => error switch
    {
        BlockError.ReadOnly => Errno.NotPermitted,
        BlockError.Invalid => Errno.Invalid,
        BlockError.NoSpace => Errno.NoSpace,
        BlockError.NotSupported => Errno.NotSupported,
        _ => Errno.Io,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Opcode} of {Length} bytes at {Offset} failed: {Reason}")]
    private partial void LogFailed(FuseOpcode opcode, long length, long offset, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Opcode} of {Length} bytes at {Offset} failed unexpectedly")]
    private partial void LogUnexpected(Exception exception, FuseOpcode opcode, long length, long offset);

    [LoggerMessage(Level = LogLevel.Error, Message = "The kernel did not take the reply to FUSE {Opcode}: {Reason}")]
    private partial void LogNotSent(FuseOpcode opcode, string reason);
}
