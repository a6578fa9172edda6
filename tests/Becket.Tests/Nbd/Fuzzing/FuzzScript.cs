using System.Buffers.Binary;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>How a fuzzed client leaves.</summary>
internal enum Farewell
{
    /// <summary>It sends no more and takes all that comes.</summary>
    HalfClose,

    /// <summary>It goes without taking what has come.</summary>
    Close,

    /// <summary>It goes with a reset.</summary>
    Reset,

    /// <summary>It falls silent and stays for a while.</summary>
    Stall,
}

/// <summary>How much of TLS a fuzzed client speaks.</summary>
internal enum FuzzProtection
{
    None,

    /// <summary>It starts TLS, and what should be its hello is damaged.</summary>
    DamagedHello,

    /// <summary>It starts TLS as it should, and sends the rest within.</summary>
    Session,
}

/// <summary>
/// What one hostile client sends, made from a seed alone: messages of the protocol, likely and unlikely ones, then damaged. The bytes
/// up to <see cref="Pause"/> go first and in the clear; the rest when the server has answered them.
/// </summary>
internal sealed class FuzzScript
{
    private static readonly uint[] Options = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xffffffff];
    private static readonly ulong[] Offsets =
        [0, 1, FuzzExports.Size - 1, FuzzExports.Size, FuzzExports.Size + 1, long.MaxValue, 1UL << 63, ulong.MaxValue];
    private static readonly uint[] Lengths =
        [0, 1, 512, 4096, 32768, 65536, FuzzExports.Size, 0x200_0000, 0x200_0001, 0x7fff_ffff, 0x8000_0000, uint.MaxValue];

    private readonly Random _random;

    public FuzzScript(int seed, byte[] tlsHello)
    {
        _random = new Random(seed);
        Protection = _random.Next(20) switch
        {
            < 3 => FuzzProtection.DamagedHello,
            < 5 => FuzzProtection.Session,
            _ => FuzzProtection.None,
        };
        Farewell = _random.Next(8) switch { 0 => Farewell.Close, 1 => Farewell.Reset, 2 => Farewell.Stall, _ => Farewell.HalfClose };
        var (flags, messages) = Messages();
        if (Protection == FuzzProtection.None)
            messages = [flags, .. messages];
        if (_random.Next(8) == 0)
            _random.Shuffle(messages);
        var bytes = messages.SelectMany(message => message).ToArray();
        if (_random.Next(2) == 0)
            bytes = Damage(bytes);

        byte[] opening = Protection switch
        {
            FuzzProtection.None => [],
            FuzzProtection.DamagedHello => [.. RawClient.Big(3u), .. Option(RawClient.StartTls, [])],
            // Forgotten with STARTTLS: what follows begins with simple replies.
            _ => [.. RawClient.Big(3u), .. Option(RawClient.StructuredReply, []), .. Option(RawClient.StartTls, [])],
        };
        if (Protection == FuzzProtection.DamagedHello && _random.Next(4) > 0)
            bytes = Damage(tlsHello);
        if (Protection == FuzzProtection.Session)
            Session = new FuzzSession(_random, bytes.Length, tlsHello);
        (Bytes, Pause) = ([.. opening, .. bytes], opening.Length);
    }

    public byte[] Bytes { get; }

    /// <summary>0: nothing is waited for.</summary>
    public int Pause { get; }

    /// <summary>Bytes that answer what is before the pause: a greeting and an acknowledgement.</summary>
    public int AnswerBeforePause => Protection switch
    {
        FuzzProtection.None => 0,
        FuzzProtection.DamagedHello => 18 + 20,
        _ => 18 + 20 + 20,
    };

    /// <summary>What the server can have understood.</summary>
    public ReadOnlySpan<byte> Heard => Session is { Damage: not RecordDamage.None } ? Bytes.AsSpan(0, Pause + Session.DamageAt) : Bytes;

    public FuzzProtection Protection { get; }

    /// <summary>What it does with the records of TLS; null without <see cref="FuzzProtection.Session"/>.</summary>
    public FuzzSession? Session { get; }

    public Farewell Farewell { get; }

    private (byte[] Flags, byte[][] Others) Messages()
    {
        var flags = RawClient.Big(_random.Next(8) == 0 ? (uint)_random.Next(8) : 3u);
        var messages = new List<byte[]>();
        for (var i = _random.Next(6); i > 0; i--)
            messages.Add(AnyOption());
        if (_random.Next(8) == 0)
            return (flags, [.. messages]);

        var name = AnyName();
        if (_random.Next(2) == 0)
        {
            messages.Add(Option(RawClient.StructuredReply, []));
            messages.Add(Option(RawClient.SetMetaContext, RawClient.MetaData(name, "base:allocation")));
        }

        messages.Add(_random.Next(4) == 0
            ? Option(RawClient.ExportName, System.Text.Encoding.UTF8.GetBytes(name))
            : Option(RawClient.Go, RawClient.InfoData(name, 3)));
        for (var (i, cookie) = (_random.Next(25), _random.NextInt64()); i > 0; i--)
            messages.Add(AnyRequest(cookie + i));
        if (_random.Next(2) == 0)
            messages.Add(RawClient.Request(RawClient.Disc, 0, 0));
        return (flags, [.. messages]);
    }

    private string AnyName() => _random.Next(10) switch { < 5 => "", < 9 => FuzzExports.Writable, _ => "nothing" };

    private byte[] AnyOption()
    {
        var option = Options[_random.Next(Options.Length)];
        var data = _random.Next(8) switch
        {
            0 => [],
            1 => RawClient.InfoData(AnyName(), [.. Enumerable.Range(0, _random.Next(5)).Select(i => (ushort)i)]),
            2 => RawClient.MetaData(AnyName(), "base:allocation"),
            3 => RawClient.MetaData(AnyName(), "base:", "x:y"),
            4 => Noise(_random.Next(200)),
            5 when _random.Next(10) == 0 => Noise(_random.Next(100_000)),
            _ when option is RawClient.Info or RawClient.Go => RawClient.InfoData("nothing"),
            _ => [],
        };
        var message = Option(option, data);
        if (_random.Next(12) == 0) // the length lies
        {
            var length = _random.Next(3) switch { 0 => (uint)_random.Next(200), 1 => uint.MaxValue, _ => (uint)_random.Next(2_000_000) };
            BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(12), length);
        }
        return message;
    }

    private byte[] AnyRequest(long cookie)
    {
        var command = (ushort)(_random.Next(20) == 0 ? _random.Next(ushort.MaxValue) : _random.Next(3) == 0 ? _random.Next(9) : 0);
        if (command == RawClient.Disc && _random.Next(4) > 0)
            command = RawClient.BlockStatus;
        var offset = _random.Next(6) == 0 ? Offsets[_random.Next(Offsets.Length)] : (ulong)_random.Next(FuzzExports.Size);
        var length = _random.Next(6) == 0
            ? Lengths[_random.Next(Lengths.Length)]
            : (uint)_random.Next(_random.Next(8) == 0 ? 100_000 : 3000);
        var flags = (ushort)(_random.Next(4) == 0 ? _random.Next(64) : 0);
        var payload = command == RawClient.Write ? Noise((int)Math.Min(length, 150_000)) : [];
        return [.. RawClient.Request(command, offset, length, flags, cookie), .. payload];
    }

    private static byte[] Option(uint option, byte[] data) =>
        [.. "IHAVEOPT"u8, .. RawClient.Big(option), .. RawClient.Big((uint)data.Length), .. data];

    private byte[] Noise(int length)
    {
        var noise = new byte[length];
        _random.NextBytes(noise);
        return noise;
    }

    private byte[] Damage(byte[] bytes)
    {
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            if (bytes.Length == 0)
                return Noise(10);

            // Most of the bytes are payload; half of the damage goes to the beginning.
            var at = _random.Next(_random.Next(2) == 0 ? bytes.Length : Math.Min(bytes.Length, 200));
            var count = Math.Min(bytes.Length - at, _random.Next(1, 60));
            switch (_random.Next(7))
            {
                case 0:
                    return bytes[..at].Length == 0 ? bytes : bytes[..at];
                case 1:
                    bytes = [.. bytes[..at], .. bytes[(at + count)..]];
                    break;
                case 2:
                    bytes = [.. bytes[..(at + count)], .. bytes[at..]];
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. Noise(count), .. bytes[at..]];
                    break;
                default:
                    bytes = [.. bytes];
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
            }
        }

        return bytes;
    }
}
