using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Becket.Nbd.Protocol;
using Becket.Nbd.Tls;

namespace Becket.Nbd.Handshake;

/// <summary>
/// Options in, answers out: the messages of a handshake on a transport. Used by one thread. Reads exactly what each
/// message holds, so that nothing is buffered when the transport is handed on to transmission or to TLS.
/// </summary>
internal sealed class OptionChannel(NbdTransport transport, Deadline deadline)
{
    private readonly ArrayBufferWriter<byte> _answers = new();
    private OptionHeader _option;

    public bool IsEncrypted => transport.IsEncrypted;

    /// <summary>
    /// Refuses to begin TLS where more has come behind STARTTLS. A client waits for the answer; whatever is there already was put
    /// there by somebody in between, to be taken for something that came through TLS.
    /// </summary>
    public void ExpectSilence()
    {
        if (transport.HasUnreadBytes())
            throw new ConnectionEndedException("something followed STARTTLS before TLS had begun");
    }

    /// <summary>Goes on within TLS; nothing may be left to <see cref="Flush"/>.</summary>
    public void StartTls(TlsServer server) => transport.StartTls(server, deadline);

    public void SendGreeting(HandshakeFlags flags)
    {
        Span<byte> greeting = stackalloc byte[ServerGreeting.Size];
        new ServerGreeting(flags).Write(greeting);
        transport.Send(greeting);
    }

    public HandshakeFlags ReceiveClientFlags()
    {
        Span<byte> answer = stackalloc byte[ServerGreeting.AnswerSize];
        ReceiveExactly(answer);

        var flags = BinaryPrimitives.ReadUInt32BigEndian(answer);
        if ((flags & ~(uint)(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes)) != 0)
            throw new ConnectionEndedException($"the client set unknown handshake flags 0x{flags:x8}");

        return (HandshakeFlags)flags;
    }

    /// <summary>
    /// The next option; its data, all received, is in <paramref name="data"/>, or null where it is too long to be looked at.
    /// </summary>
    public OptionCode ReceiveOption(out byte[]? data)
    {
        Span<byte> header = stackalloc byte[OptionHeader.Size];
        ReceiveExactly(header);
        if (!OptionHeader.TryRead(header, out _option))
            throw new ConnectionEndedException("the client does not speak NBD: wrong magic before an option");
        if (_option.Length > NbdLimits.SkippedOptionLength)
            throw new ConnectionEndedException($"the client announced an option of {_option.Length} bytes");

        if (_option.Length > NbdLimits.OptionLength)
        {
            data = null;
            Skip((int)_option.Length);
        }
        else
        {
            data = new byte[_option.Length];
            ReceiveExactly(data);
        }

        return _option.Option;
    }

    public void Acknowledge() => Answer(OptionReplyType.Ack, []);

    public void Refuse(OptionReplyType error, string sentence) => Answer(
        error, Encoding.UTF8.GetBytes(sentence.Length <= NbdLimits.SentenceLength ? sentence : sentence[..NbdLimits.SentenceLength]));

    public void AnswerServer(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var data = Begin(OptionReplyType.Server, 4 + bytes.Length);
        BinaryPrimitives.WriteInt32BigEndian(data, bytes.Length);
        bytes.CopyTo(data[4..]);
    }

    public void AnswerMetaContext(MetaContext context)
    {
        var data = Begin(OptionReplyType.MetaContext, 4 + Encoding.UTF8.GetByteCount(context.Name));
        BinaryPrimitives.WriteUInt32BigEndian(data, context.Id);
        Encoding.UTF8.GetBytes(context.Name, data[4..]);
    }

    public void AnswerInfo(ExportInfo info) => info.Write(BeginInfo(InfoType.Export, ExportInfo.WireSize));

    public void AnswerInfo(BlockSizeInfo sizes) => sizes.Write(BeginInfo(InfoType.BlockSize, BlockSizeInfo.Size));

    public void AnswerInfo(InfoType type, string text)
    {
        // A longer one than the protocol allows is not worth failing for: it is only shown to people.
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= NbdLimits.StringLength)
            bytes.CopyTo(BeginInfo(type, bytes.Length));
    }

    /// <summary>The answer to EXPORT_NAME, which has no header.</summary>
    public void AnswerExportName(ExportInfo info, HandshakeFlags clientFlags)
    {
        var size = ExportInfo.WireSize + (clientFlags.HasFlag(HandshakeFlags.NoZeroes) ? 0 : ExportInfo.Zeroes);
        var data = Take(size);
        data.Clear();
        info.Write(data);
    }

    /// <summary>Sends the answers to this option in one piece.</summary>
    public void Flush()
    {
        if (_answers.WrittenCount > 0)
            transport.Send(_answers.WrittenSpan);

        _answers.ResetWrittenCount();
    }

    private void Answer(OptionReplyType type, ReadOnlySpan<byte> data) => data.CopyTo(Begin(type, data.Length));

    private Span<byte> BeginInfo(InfoType type, int length)
    {
        var data = Begin(OptionReplyType.Info, 2 + length);
        BinaryPrimitives.WriteUInt16BigEndian(data, (ushort)type);
        return data[2..];
    }

    private Span<byte> Begin(OptionReplyType type, int length)
    {
        var answer = Take(OptionReplyHeader.Size + length);
        new OptionReplyHeader(_option.Option, type, (uint)length).Write(answer);
        return answer[OptionReplyHeader.Size..];
    }

    private Span<byte> Take(int length)
    {
        var taken = _answers.GetSpan(length)[..length];
        _answers.Advance(length);
        return taken;
    }

    /// <summary>Throws away what comes next. No memory is taken for it: many clients may announce much and then send nothing.</summary>
    private void Skip(int count)
    {
        Span<byte> bin = stackalloc byte[4096];
        for (; count > 0; count -= Math.Min(count, bin.Length))
            ReceiveExactly(bin[..Math.Min(count, bin.Length)]);
    }

    private void ReceiveExactly(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var received = transport.Receive(buffer, deadline);
            if (received == 0)
                throw new ConnectionEndedException("the client left during the handshake");

            buffer = buffer[received..];
        }
    }
}
