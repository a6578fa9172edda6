using Becket.Blocks;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The rules that a request must keep before a device sees it. Checked once, here; behind it every range lies inside the
/// device, is aligned and not too long, and every verb and option is one that the device offers.
/// </summary>
internal static class RequestValidation
{
    private const CommandFlags Known =
        CommandFlags.Fua | CommandFlags.NoHole | CommandFlags.Df | CommandFlags.ReqOne | CommandFlags.FastZero;

    public static Refusal Check(in NbdRequest request, NegotiatedExport export)
    {
        // The common case first and in one look: a plain read.
        if (request is { Command: Command.Read, Flags: CommandFlags.None })
            return CheckPayload(request, export);

        var refusal = CheckCommand(request.Command, export);
        if (!refusal.IsRefused)
            refusal = CheckFlags(request, export);
        if (!refusal.IsRefused && request.Command is Command.Read or Command.Write)
            return CheckPayload(request, export);

        return refusal.IsRefused ? refusal : CheckRange(request, export.Info);
    }

    private static Refusal CheckCommand(Command command, NegotiatedExport export) => command switch
    {
        Command.Write or Command.Trim or Command.WriteZeroes when export.Info.IsReadOnly =>
            new Refusal(NbdError.NotPermitted, "the export is read-only"),
        Command.Read or Command.Write => default,
        Command.Flush when export.Offers(TransmissionFlags.SendFlush) => default,
        Command.Trim when export.Offers(TransmissionFlags.SendTrim) => default,
        Command.WriteZeroes when export.Offers(TransmissionFlags.SendWriteZeroes) => default,
        Command.Cache when export.Offers(TransmissionFlags.SendCache) => default,
        Command.BlockStatus when export.Context is not null => default,
        Command.BlockStatus => Invalid("no metadata context was selected"),
        Command.Flush or Command.Trim or Command.WriteZeroes or Command.Cache => Invalid("the export does not offer this command"),
        _ => Invalid("unknown command"),
    };

    private static Refusal CheckFlags(in NbdRequest request, NegotiatedExport export)
    {
        if (request.Flags == CommandFlags.None)
            return default;
        if ((request.Flags & ~Known) != CommandFlags.None)
            return Invalid("unknown command flag");

        return (request.Flags & ~Allowed(request.Command, export)) == CommandFlags.None
            ? default
            : Invalid("the command does not take this flag here");
    }

    /// <summary>
    /// FUA goes with every command once it was offered, even where there is nothing to make durable (proto.md, "Command flags").
    /// </summary>
    private static CommandFlags Allowed(Command command, NegotiatedExport export)
    {
        var allowed = export.Offers(TransmissionFlags.SendFua) ? CommandFlags.Fua : CommandFlags.None;
        switch (command)
        {
            case Command.Read when export.Offers(TransmissionFlags.SendDf):
                return allowed | CommandFlags.Df;
            case Command.WriteZeroes:
                return allowed | CommandFlags.NoHole
                    | (export.Offers(TransmissionFlags.SendFastZero) ? CommandFlags.FastZero : CommandFlags.None);
            case Command.BlockStatus:
                return allowed | CommandFlags.ReqOne;
            default:
                return allowed;
        }
    }

    private static Refusal CheckPayload(in NbdRequest request, NegotiatedExport export)
    {
        if (request.Length <= export.MaximumPayload)
            return CheckRange(request, export.Info);

        return request.Has(CommandFlags.Df)
            ? new Refusal(NbdError.Overflow, "too long for one chunk")
            : Invalid("longer than the maximum that the export announces");
    }

    private static Refusal CheckRange(in NbdRequest request, BlockDeviceInfo info)
    {
        if (!new ByteRange(request.Offset, request.Length).FitsIn(info.Size))
        {
            return request.Command is Command.Write or Command.WriteZeroes
                ? new Refusal(NbdError.NoSpace, "beyond the end of the export")
                : Invalid("beyond the end of the export");
        }

        var odd = (request.Offset | request.Length) & (info.MinimumBlock - 1);
        return request.Command switch
        {
            Command.Flush when request.Offset != 0 || request.Length != 0 => Invalid("a flush has no offset and no length"),
            Command.BlockStatus when request.Length == 0 => Invalid("nothing to report on an empty range"),
            _ when odd != 0 => Invalid("not a multiple of the minimum block size"),
            _ => default,
        };
    }

    private static Refusal Invalid(string sentence) => new(NbdError.Invalid, sentence);
}
