using Becket.Blocks;
using Becket.Nbd.Protocol;
using Becket.Nbd.Tls;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd.Handshake;

/// <summary>
/// The first phase of a connection: greeting, then options until the client has chosen an export (proto.md, "Fixed
/// newstyle negotiation"). Runs once, on the connection's thread. A wrong option costs an error reply, not the connection.
/// </summary>
internal sealed partial class NbdHandshake(
    OptionChannel channel,
    IExportCatalog catalog,
    TlsServer? tls,
    ConnectionLifetime lifetime,
    ILogger logger,
    CancellationToken cancellationToken)
{
    private bool _tlsAgreed;
    private ReplyStyle _style;
    private MetaContextRequest? _selection;

    /// <summary>What was agreed on, or null where the client has ended the handshake in good order.</summary>
    public NegotiatedExport? Run()
    {
        channel.SendGreeting(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes);
        var clientFlags = channel.ReceiveClientFlags();

        for (var count = 0; count < NbdLimits.OptionCount; count++)
        {
            var option = channel.ReceiveOption(out var data);
            if (option == OptionCode.ExportName)
                return EnterByName(data, clientFlags);

            var chosen = Answer(option, data);
            if (option == OptionCode.Abort)
                return SayGoodbye();

            channel.Flush();
            if (_tlsAgreed && !channel.IsEncrypted)
                StartTls();
            if (chosen is not null)
                return chosen;
        }

        throw new ConnectionEndedException($"the client sent more than {NbdLimits.OptionCount} options");
    }

    /// <summary>Many clients are gone as soon as they have sent ABORT; that is no failure.</summary>
    private NegotiatedExport? SayGoodbye()
    {
        try
        {
            channel.Flush();
        }
        catch (ConnectionEndedException)
        {
            // As said.
        }

        return null;
    }

    /// <summary>Puts the answers into the channel; the result is not null when they end the handshake.</summary>
    private NegotiatedExport? Answer(OptionCode option, byte[]? data)
    {
        try
        {
            if (option == OptionCode.Abort)
                channel.Acknowledge();
            else if (lifetime.IsStopping)
                channel.Refuse(OptionReplyType.ErrorShutdown, "the server is stopping");
            else if (MustStartTls && option != OptionCode.StartTls)
                channel.Refuse(OptionReplyType.ErrorTlsRequired, "this server requires TLS");
            else if (data is null)
                channel.Refuse(OptionReplyType.ErrorTooBig, $"an option may have {NbdLimits.OptionLength} bytes");
            else
                return Dispatch(option, data);
        }
        catch (InvalidOptionException e)
        {
            channel.Refuse(OptionReplyType.ErrorInvalid, e.Message);
        }

        return null;
    }

    private NegotiatedExport? Dispatch(OptionCode option, byte[] data)
    {
        switch (option)
        {
            case OptionCode.List:
                List(data);
                return null;
            case OptionCode.Info:
                _ = Describe(data);
                return null;
            case OptionCode.Go:
                return Describe(data);
            case OptionCode.StructuredReply:
                new OptionReader(data).End();
                _style = ReplyStyle.Structured;
                channel.Acknowledge();
                return null;
            case OptionCode.ListMetaContext:
                ListMetaContexts(data);
                return null;
            case OptionCode.SetMetaContext:
                SelectMetaContexts(data);
                return null;
            case OptionCode.StartTls:
                AgreeOnTls(data);
                return null;
            default:
                channel.Refuse(OptionReplyType.ErrorUnsupported, $"option {(uint)option} is not supported");
                return null;
        }
    }

    private bool MustStartTls => tls is { Demand: TlsDemand.Required } && !channel.IsEncrypted;

    private void AgreeOnTls(byte[] data)
    {
        new OptionReader(data).End();
        if (channel.IsEncrypted)
            throw new InvalidOptionException("TLS has begun already");

        if (tls is null)
        {
            channel.Refuse(OptionReplyType.ErrorPolicy, "this server is run without TLS");
            return;
        }

        channel.ExpectSilence();
        channel.Acknowledge();
        _tlsAgreed = true;
    }

    /// <summary>What was negotiated in the clear may not have been the client's wish, and is forgotten.</summary>
    private void StartTls()
    {
        channel.StartTls(tls!);
        _style = ReplyStyle.Simple;
        _selection = null;
    }

    /// <summary>EXPORT_NAME cannot be refused in words: whatever is wrong with it closes the connection.</summary>
    private NegotiatedExport EnterByName(byte[]? data, HandshakeFlags clientFlags)
    {
        try
        {
            var name = OptionReader.Decode(data ?? throw new InvalidOptionException("the name of the export is too long"));
            if (lifetime.IsStopping)
                throw new InvalidOptionException("the server is stopping");
            if (MustStartTls)
                throw new InvalidOptionException("the client did not start TLS, which this server requires");

            var device = Open(name) ?? throw new InvalidOptionException(NoSuchExport(name));
            var export = Negotiated(name, device);
            channel.AnswerExportName(new ExportInfo(export.Info.Size, export.Flags), clientFlags);
            channel.Flush();
            return export;
        }
        catch (InvalidOptionException e)
        {
            throw new ConnectionEndedException(e.Message, e);
        }
    }

    private void List(byte[] data)
    {
        new OptionReader(data).End();
        foreach (var name in catalog.ListAsync(cancellationToken).ToBlockingEnumerable(cancellationToken))
            channel.AnswerServer(name);

        channel.Acknowledge();
    }

    /// <summary>INFO and GO: the same answers, which after GO are the start of transmission.</summary>
    private NegotiatedExport? Describe(byte[] data)
    {
        var request = InfoRequest.Parse(data);
        if (OpenOrRefuse(request.Name) is not { } device)
            return null;

        var export = Negotiated(request.Name, device);
        channel.AnswerInfo(new ExportInfo(export.Info.Size, export.Flags));
        if (request.Wanted.Contains(InfoType.Name))
            channel.AnswerInfo(InfoType.Name, request.Name);
        if (request.Wanted.Contains(InfoType.Description))
            channel.AnswerInfo(InfoType.Description, export.Info.Description);
        if (request.Wanted.Contains(InfoType.BlockSize))
            channel.AnswerInfo(ExportTerms.BlockSizes(export.Info));

        channel.Acknowledge();
        return export;
    }

    private void ListMetaContexts(byte[] data)
    {
        var request = MetaContextRequest.Parse(data);
        if (OpenOrRefuse(request.Name) is null)
            return;

        if (MetaContext.IsListed(request.Queries))
            channel.AnswerMetaContext(MetaContext.Allocation);

        channel.Acknowledge();
    }

    private void SelectMetaContexts(byte[] data)
    {
        // A new selection replaces the one before even when it fails.
        _selection = null;
        if (_style != ReplyStyle.Structured)
            throw new InvalidOptionException("structured replies must be negotiated first");

        var request = MetaContextRequest.Parse(data);
        if (OpenOrRefuse(request.Name) is null)
            return;

        if (MetaContext.IsSelected(request.Queries))
        {
            _selection = request;
            channel.AnswerMetaContext(MetaContext.Allocation);
        }

        channel.Acknowledge();
    }

    /// <summary>A selection holds only for the export that it was made for.</summary>
    private NegotiatedExport Negotiated(string name, IBlockDevice device) =>
        new(name, device, _style, _selection?.Name == name ? MetaContext.Allocation : null);

    private IBlockDevice? OpenOrRefuse(string name)
    {
        var device = Open(name);
        if (device is null)
            channel.Refuse(OptionReplyType.ErrorUnknown, NoSuchExport(name));

        return device;
    }

    /// <summary>The thread is the connection's own, so that it may wait.</summary>
    private IBlockDevice? Open(string name)
    {
        try
        {
            var opening = catalog.OpenAsync(name, cancellationToken);
            return opening.IsCompleted ? opening.GetAwaiter().GetResult() : opening.AsTask().GetAwaiter().GetResult();
        }
        catch (BlockDeviceException e)
        {
            // For the client an export that cannot be opened is one that is not there; the reason is in the log.
            LogOpeningFailed(e, name, e.Message);
            return null;
        }
    }

    private static string NoSuchExport(string name) =>
        name.Length == 0 ? "there is no default export" : $"there is no export \"{name}\"";

    [LoggerMessage(Level = LogLevel.Error, Message = "cannot open export \"{Export}\": {Reason}")]
    private partial void LogOpeningFailed(Exception exception, string export, string reason);
}
