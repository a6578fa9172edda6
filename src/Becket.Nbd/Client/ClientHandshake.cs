using System.Buffers.Binary;
using System.Text;
using Becket.Blocks;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Client;

/// <summary>What a client asks for in a handshake: the list of exports, what one of them is, and to enter it.</summary>
internal static class ClientHandshake
{
    private static readonly (TransmissionFlags Flag, BlockDeviceFeatures Feature)[] Offers =
    [
        (TransmissionFlags.SendFlush, BlockDeviceFeatures.Flush),
        (TransmissionFlags.SendFua, BlockDeviceFeatures.Durable),
        (TransmissionFlags.SendTrim, BlockDeviceFeatures.Trim),
        (TransmissionFlags.SendWriteZeroes, BlockDeviceFeatures.Zero),
        (TransmissionFlags.SendFastZero, BlockDeviceFeatures.FastZero),
        (TransmissionFlags.SendCache, BlockDeviceFeatures.Prefetch),
        (TransmissionFlags.CanMultiConn, BlockDeviceFeatures.MultiConnection),
    ];

    public static async ValueTask<IReadOnlyList<NbdListedExport>> ListAsync(ClientChannel channel, CancellationToken cancellationToken)
    {
        var exports = new List<NbdListedExport>();
        foreach (var answer in await channel.AskAsync(OptionCode.List, default, cancellationToken))
        {
            var length = answer.Data.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(answer.Data);
            if (length > answer.Data.Length - 4)
                throw new NbdException("the NBD server sent a list of exports that makes no sense");

            var name = Encoding.UTF8.GetString(answer.Data, 4, (int)length);
            exports.Add(new NbdListedExport(name, Encoding.UTF8.GetString(answer.Data.AsSpan(4 + (int)length))));
        }

        return exports;
    }

    /// <summary>INFO: what the export is, without entering it.</summary>
    public static ValueTask<NbdExport> DescribeAsync(ClientChannel channel, string name, CancellationToken cancellationToken) =>
        AskAsync(channel, OptionCode.Info, name, cancellationToken);

    /// <summary>GO: transmission begins behind the answer.</summary>
    public static ValueTask<NbdExport> EnterAsync(ClientChannel channel, string name, CancellationToken cancellationToken) =>
        AskAsync(channel, OptionCode.Go, name, cancellationToken);

    /// <summary>Structured replies where the server has them, as most do.</summary>
    public static async ValueTask<ReplyStyle> NegotiateStyleAsync(ClientChannel channel, CancellationToken cancellationToken)
    {
        await channel.SendAsync(OptionCode.StructuredReply, default, cancellationToken);
        var answer = await channel.ReceiveAsync(OptionCode.StructuredReply, cancellationToken);
        return answer.Header.Type == OptionReplyType.Ack ? ReplyStyle.Structured : ReplyStyle.Simple;
    }

    /// <summary>Selects base:allocation; the result is its id, or null where the server does not have it.</summary>
    public static async ValueTask<uint?> SelectAllocationAsync(ClientChannel channel, string name, CancellationToken cancellationToken)
    {
        var query = MetaContext.Allocation.Name;
        var data = new byte[4 + Encoding.UTF8.GetByteCount(name) + 4 + 4 + query.Length];
        var rest = WriteString(data, name);
        BinaryPrimitives.WriteUInt32BigEndian(rest, 1);
        WriteString(rest[4..], query);

        await channel.SendAsync(OptionCode.SetMetaContext, data, cancellationToken);
        uint? id = null;
        while (true)
        {
            var answer = await channel.ReceiveAsync(OptionCode.SetMetaContext, cancellationToken);
            if (answer.Header.IsError || answer.Header.Type == OptionReplyType.Ack)
                return id;
            if (answer.Data.Length >= 4 && Encoding.UTF8.GetString(answer.Data.AsSpan(4)) == query)
                id = BinaryPrimitives.ReadUInt32BigEndian(answer.Data);
        }
    }

    private static async ValueTask<NbdExport> AskAsync(
        ClientChannel channel, OptionCode option, string name, CancellationToken cancellationToken)
    {
        ReadOnlySpan<InfoType> wanted = [InfoType.Description, InfoType.BlockSize];
        var data = new byte[4 + Encoding.UTF8.GetByteCount(name) + 2 + (wanted.Length * 2)];
        WriteInfoRequest(data, name, wanted);

        var answers = await channel.AskAsync(option, data, cancellationToken);
        NbdExport? export = null;
        foreach (var answer in answers.Where(answer => answer.Header.Type == OptionReplyType.Info).OrderBy(TypeOf))
        {
            var content = answer.Data.AsSpan(2);
            switch (TypeOf(answer))
            {
                case InfoType.Export when content.Length == ExportInfo.WireSize:
                    export = ToExport(name, ExportInfo.Read(content));
                    break;
                case InfoType.Description when export is not null:
                    export = export with { Description = Encoding.UTF8.GetString(content) };
                    break;
                case InfoType.BlockSize when export is not null && content.Length == BlockSizeInfo.Size:
                    export = WithBlockSizes(export, BlockSizeInfo.Read(content));
                    break;
            }
        }

        return export ?? throw new NbdException("the NBD server did not tell the size of the export");
    }

    private static InfoType TypeOf(OptionAnswer answer) =>
        answer.Data.Length >= 2
            ? (InfoType)BinaryPrimitives.ReadUInt16BigEndian(answer.Data)
            : throw new NbdException("the NBD server sent information without a type");

    private static NbdExport ToExport(string name, ExportInfo info)
    {
        var features = info.Flags.HasFlag(TransmissionFlags.ReadOnly) ? BlockDeviceFeatures.None : BlockDeviceFeatures.Write;
        foreach (var (flag, feature) in Offers)
        {
            if (info.Flags.HasFlag(flag))
                features |= feature;
        }

        return new NbdExport { Name = name, Size = info.Size, Features = features };
    }

    private static NbdExport WithBlockSizes(NbdExport export, BlockSizeInfo sizes) => export with
    {
        MinimumBlock = (int)sizes.Minimum,
        PreferredBlock = (int)sizes.Preferred,
        MaximumRequest = (int)Math.Min(sizes.Maximum, NbdLimits.Payload),
    };

    private static void WriteInfoRequest(Span<byte> data, string name, ReadOnlySpan<InfoType> wanted)
    {
        var rest = WriteString(data, name);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)wanted.Length);
        foreach (var type in wanted)
        {
            rest = rest[2..];
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        }
    }

    private static Span<byte> WriteString(Span<byte> destination, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, destination[4..]);
        BinaryPrimitives.WriteInt32BigEndian(destination, length);
        return destination[(4 + length)..];
    }
}
