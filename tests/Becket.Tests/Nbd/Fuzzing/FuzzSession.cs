using System.Security.Authentication;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>What happens to the records of a session once it is established.</summary>
internal enum RecordDamage
{
    None,

    /// <summary>Bytes that are not TLS stand between two records.</summary>
    Injected,

    /// <summary>One has a bit turned over.</summary>
    Flipped,

    /// <summary>One is sent again.</summary>
    Repeated,

    /// <summary>The client ends in the middle of one.</summary>
    Cut,
}

/// <summary>
/// How one hostile client uses a TLS session that it has begun as it should: a version, the size of its records, how it closes, and what
/// it does to them on the way. Drawn from the script's random numbers.
/// </summary>
internal sealed class FuzzSession
{
    /// <summary>More would be cut into several records.</summary>
    public const int LongestRecord = 16_000;

    public FuzzSession(Random random, int length, byte[] tlsHello)
    {
        Protocol = random.Next(2) == 0 ? SslProtocols.Tls12 : SslProtocols.Tls13;
        // Some write every byte in a record of its own; longer scripts would take too long for that.
        RecordSize = random.Next(3) switch { 0 => Math.Max(1, length / 2000), 1 => random.Next(1, 3000), _ => LongestRecord };
        SaysGoodbye = random.Next(2) == 0;
        if (length == 0 || random.Next(2) == 0)
            return;

        Damage = (RecordDamage)random.Next(1, 5);
        DamageAt = random.Next(random.Next(2) == 0 ? length : Math.Min(length, 300));
        Injected = Junk(random, tlsHello);
    }

    public SslProtocols Protocol { get; }

    public int RecordSize { get; }

    /// <summary>Whether close_notify is sent before the end, as it should be and often is not.</summary>
    public bool SaysGoodbye { get; }

    public RecordDamage Damage { get; }

    /// <summary>So many bytes of the script go within records before that, and are all that the server can understand.</summary>
    public int DamageAt { get; }

    /// <summary>What is put between records.</summary>
    public byte[] Injected { get; } = [];

    private static byte[] Junk(Random random, byte[] tlsHello)
    {
        var noise = new byte[random.Next(1, 400)];
        random.NextBytes(noise);
        return random.Next(8) switch
        {
            // A hello in the clear, as if to begin again; a change of ciphers and an alert; records that are empty, too long, of random
            // content and of no known type.
            0 => tlsHello,
            1 => [0x14, 3, 3, 0, 1, 1],
            2 => [0x15, 3, 3, 0, 2, 1, 0],
            3 => [0x17, 3, 3, 0, 0],
            4 => [0x17, 3, 3, 0xff, 0xff, .. noise],
            5 => [0x17, 3, 3, 0, (byte)Math.Min(noise.Length, 255), .. noise],
            6 => [0x63, 3, 3, 0, 1, 1],
            _ => noise,
        };
    }
}
