using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// The conversation of a client that starts TLS as it should, and is hostile within. What it receives is the clear beginning and what
/// came within TLS behind it, as if there were no TLS.
/// </summary>
internal static class FuzzTlsClient
{
    public static Completeness Converse(Socket socket, FuzzScript script, FuzzSession session, Random splits, MemoryStream received)
    {
        var wire = new FuzzWire(socket, splits);
        wire.Write(script.Bytes.AsSpan(0, script.Pause));
        var answer = new byte[script.AnswerBeforePause];
        wire.ReadExactly(answer);
        received.Write(answer);

        using var stream = new SslStream(wire, leaveInnerStreamOpen: true);
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = session.Protocol,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
        });

        var completeness = SendWithin(stream, wire, script.Bytes.AsSpan(script.Pause), session, script.Farewell);
        return Take(stream, received) == Completeness.Complete ? completeness : Completeness.BrokenOff;
    }

    private static Completeness SendWithin(SslStream stream, FuzzWire wire, ReadOnlySpan<byte> rest, FuzzSession session, Farewell farewell)
    {
        try
        {
            var beforeDamage = session.Damage == RecordDamage.None ? rest.Length : session.DamageAt;
            SendRecords(stream, rest[..beforeDamage], session.RecordSize);
            wire.DamageNext(session.Damage, session.Injected);
            SendRecords(stream, rest[beforeDamage..], session.RecordSize);
            if (farewell == Farewell.HalfClose)
            {
                if (session.SaysGoodbye)
                    stream.ShutdownAsync().GetAwaiter().GetResult();
                wire.EndSending();
                // What was whole before a record that is cut has to be answered, as if the client were done.
                return session.Damage is RecordDamage.None or RecordDamage.Cut ? Completeness.Complete : Completeness.BrokenOff;
            }
        }
        catch (IOException)
        {
            // The server has closed. What it had said until then is looked at.
        }

        wire.EndReceiving();
        return Completeness.BrokenOff;
    }

    private static void SendRecords(SslStream stream, ReadOnlySpan<byte> bytes, int size)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(size, bytes.Length)..])
            stream.Write(bytes[..Math.Min(size, bytes.Length)]);
    }

    private static Completeness Take(SslStream stream, MemoryStream received)
    {
        var buffer = new byte[FuzzSession.LongestRecord];
        try
        {
            while (stream.Read(buffer) is > 0 and var count)
                received.Write(buffer, 0, count);
            return Completeness.Complete;
        }
        catch (IOException)
        {
            return Completeness.BrokenOff;
        }
    }
}
