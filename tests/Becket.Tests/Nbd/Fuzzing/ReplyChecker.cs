using System.Text;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// Holds everything that a server has sent against everything that it was sent. Each byte must belong to an answer that the
/// specification allows, in its place; where the client has left in good order no answer may be missing. With
/// <see cref="FuzzProtection.Session"/> both are as they were before and after TLS, else records follow STARTTLS.
/// </summary>
internal sealed class ReplyChecker(SentBytes sent, ReplyReader replies, FuzzProtection protection)
{
    private const byte Alert = 0x15;

    private const uint FirstError = 0x8000_0000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly uint[] OptionErrors = [1, 2, 3, 5, 6, 7, 9];

    private bool _isStructured;
    private bool _isWithinTls;

    /// <summary>Checks a conversation that may have been broken off at any byte, unless it <paramref name="isComplete"/>.</summary>
    public void Check(Completeness isComplete)
    {
        try
        {
            if (Handshake() is not { } export)
                return;

            new RequestChecker(sent, replies, export, _isStructured).Check(isComplete);
        }
        catch (EndOfStreamException) when (isComplete == Completeness.BrokenOff || !sent.IsWhole)
        {
            // As said: not the server's doing, or what it does to a client that breaks the rules.
        }
    }

    /// <summary>The export as the server told it, once transmission has begun.</summary>
    private ToldExport? Handshake()
    {
        Assert.Equal("NBDMAGICIHAVEOPT\0\u0003"u8, replies.Take(18));
        if (sent.TakeFlags() is not { } flags)
            return End();

        while (sent.TakeOption() is { } option)
        {
            if (option.Option == RawClient.ExportName)
            {
                // A wrong name closes, and that is all that can be said about it.
                if (replies.IsAtEnd)
                    return null;

                var export = new ToldExport(replies.Take64(), replies.Take16());
                if ((flags & 2) == 0)
                    Assert.False(replies.Take(124).ContainsAnyExcept((byte)0));
                return export;
            }

            var (last, told) = Answers(option);
            if (option.Option == RawClient.Abort)
                return End();
            if (option.Option == RawClient.StartTls && last == RawClient.Ack)
            {
                Assert.False(_isWithinTls, "TLS within TLS");
                if (protection != FuzzProtection.Session)
                    return TlsRecords();
                (_isWithinTls, _isStructured) = (true, false);
            }

            if (option.Option == RawClient.StructuredReply && last == RawClient.Ack)
                _isStructured = true;
            if (option.Option == RawClient.Go && last == RawClient.Ack)
                return told;
        }

        return End();
    }

    private (uint Last, ToldExport? Export) Answers(SentOption option)
    {
        // Plain text behind STARTTLS closes instead of an answer.
        if (option.Option == RawClient.StartTls && replies.IsAtEnd)
            return (0, null);

        ToldExport? export = null;
        while (true)
        {
            Assert.Equal(0x0003e889045565a9, replies.Take64());
            Assert.Equal(option.Option, replies.Take32());
            var (type, length) = (replies.Take32(), replies.Take32());
            var data = replies.Take(length);
            switch (type)
            {
                case RawClient.Ack:
                    Assert.Equal(0u, length);
                    if (option.Option is RawClient.Info or RawClient.Go)
                        Assert.NotNull(export);
                    return (type, export);
                case >= FirstError:
                    Assert.Contains(type - FirstError, OptionErrors);
                    Assert.NotEqual(0, Strict.GetString(data).Length);
                    Assert.NotEqual(RawClient.Abort, option.Option);
                    return (type, null);
                case RawClient.Server:
                    Assert.Equal(RawClient.List, option.Option);
                    Assert.Equal(length - 4, RawClient.Number(data.ToArray(), 0));
                    break;
                case RawClient.InfoReply:
                    Assert.True(option.Option is RawClient.Info or RawClient.Go);
                    export = Info(data) ?? export;
                    break;
                case RawClient.MetaContext:
                    Assert.True(option.Option is RawClient.ListMetaContext or RawClient.SetMetaContext);
                    Assert.Equal("base:allocation"u8, data[4..]);
                    break;
                default:
                    Assert.Fail($"option reply of type {type}");
                    break;
            }
        }
    }

    private static ToldExport? Info(ReadOnlySpan<byte> data)
    {
        var reader = new ReplyReader(data.ToArray(), data.Length);
        switch (reader.Take16())
        {
            case 0:
                var export = new ToldExport(reader.Take64(), reader.Take16());
                Assert.True(reader.IsAtEnd);
                return export;
            case 3:
                Assert.Equal((1u, 65536u, 33554432u), (reader.Take32(), reader.Take32(), reader.Take32()));
                Assert.True(reader.IsAtEnd);
                return null;
            case 1 or 2:
                Assert.NotNull(Strict.GetString(data[2..]));
                return null;
            case var type:
                Assert.Fail($"information of type {type}");
                return null;
        }
    }

    /// <summary>
    /// What follows is between the server and its TLS: alerts and handshake records. An alert that refuses a greeting repeats the
    /// greeting's version, right or wrong.
    /// </summary>
    private ToldExport? TlsRecords()
    {
        while (!replies.IsAtEnd)
        {
            var header = replies.Take(5).ToArray();
            Assert.InRange(header[0], 0x14, 0x17);
            Assert.True(header[1] == 3 || header[0] == Alert, $"a record of type {header[0]} in version {header[1]}.{header[2]}");
            replies.Take((header[3] << 8) + header[4]);
        }

        return null;
    }

    /// <summary>Nothing more may come.</summary>
    private ToldExport? End()
    {
        Assert.True(replies.IsAtEnd, $"more than was asked for, at byte {replies.Position}");
        return null;
    }
}

/// <summary>Size and transmission flags.</summary>
internal readonly record struct ToldExport(long Size, ushort Flags)
{
    /// <summary>Nobody can change its bytes.</summary>
    public bool IsReadOnly => (Flags & 2) != 0;
}

/// <summary>Whether a client left in such a way that every answer must have reached it.</summary>
internal enum Completeness
{
    BrokenOff,
    Complete,
}
