using System.Buffers.Binary;
using System.Text;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Client;

/// <summary>One answer to an option, with its data.</summary>
internal readonly record struct OptionAnswer(OptionReplyHeader Header, byte[] Data)
{
    /// <summary>The failure that an error answer stands for, with the server's sentence if there is one.</summary>
    public NbdException ToException()
    {
        var sentence = Data.Length > 0 ? Encoding.UTF8.GetString(Data) : $"error 0x{(uint)Header.Type:x8}";
        return new NbdException($"the NBD server refused the option {Header.Option}: {sentence}");
    }
}

/// <summary>Options out, answers in: the client's side of a handshake. One caller at a time.</summary>
internal sealed class ClientChannel(Stream stream)
{
    /// <summary>What the channel reads and writes: the caller's, of whom the next phase gets it.</summary>
    public Stream Stream => stream;

    private const int MaximumAnswer = 64 * 1024;

    /// <summary>Exchanges greetings.</summary>
    public async ValueTask GreetAsync(CancellationToken cancellationToken)
    {
        var message = new byte[ServerGreeting.Size];
        await ReceiveExactlyAsync(message, cancellationToken);
        if (!ServerGreeting.TryRead(message, out var greeting) || !greeting.Flags.HasFlag(HandshakeFlags.FixedNewstyle))
            throw new NbdException("the server does not speak NBD with the fixed newstyle handshake");

        var answer = new byte[ServerGreeting.AnswerSize];
        BinaryPrimitives.WriteUInt32BigEndian(answer, (uint)(greeting.Flags & (HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes)));
        await stream.WriteAsync(answer, cancellationToken);
    }

    public async ValueTask SendAsync(OptionCode option, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var message = new byte[OptionHeader.Size + data.Length];
        new OptionHeader(option, (uint)data.Length).Write(message);
        data.CopyTo(message.AsMemory(OptionHeader.Size));
        await stream.WriteAsync(message, cancellationToken);
    }

    public async ValueTask<OptionAnswer> ReceiveAsync(OptionCode option, CancellationToken cancellationToken)
    {
        var message = new byte[OptionReplyHeader.Size];
        await ReceiveExactlyAsync(message, cancellationToken);
        if (!OptionReplyHeader.TryRead(message, out var header) || header.Option != option || header.Length > MaximumAnswer)
            throw new NbdException($"the NBD server gave an answer to the option {option} that makes no sense");

        var data = new byte[header.Length];
        await ReceiveExactlyAsync(data, cancellationToken);
        return new OptionAnswer(header, data);
    }

    /// <summary>
    /// A server that turns a client away cannot always say why; within TLS 1.3 not even that it does not like a certificate.
    /// </summary>
    private async ValueTask ReceiveExactlyAsync(byte[] message, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ReadExactlyAsync(message, cancellationToken);
        }
        catch (EndOfStreamException e)
        {
            throw new NbdException("the NBD server closed the connection in the handshake; its log may say why", 0, e);
        }
    }

    /// <summary>Sends an option and collects the answers before its ACK; an error answer is thrown.</summary>
    public async ValueTask<List<OptionAnswer>> AskAsync(OptionCode option, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await SendAsync(option, data, cancellationToken);
        var answers = new List<OptionAnswer>();
        while (true)
        {
            var answer = await ReceiveAsync(option, cancellationToken);
            if (answer.Header.IsError)
                throw answer.ToException();
            if (answer.Header.Type == OptionReplyType.Ack)
                return answers;

            answers.Add(answer);
        }
    }
}
