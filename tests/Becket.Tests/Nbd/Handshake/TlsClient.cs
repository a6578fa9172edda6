using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>A raw client that has gone over to TLS: what <see cref="RawClient"/> does, inside it.</summary>
internal sealed class TlsClient : IDisposable
{
    private readonly CountedStream _wire;

    private TlsClient(SslStream stream, CountedStream wire) => (Stream, _wire) = (stream, wire);

    public SslStream Stream { get; }

    /// <summary>Asks a client's server for TLS, which has to be acknowledged, and begins it.</summary>
    public static TlsClient Start(
        RawClient raw,
        X509Certificate2 root,
        X509Certificate2? certificate = null,
        SslProtocols protocols = SslProtocols.None,
        string host = "localhost")
    {
        Assert.Equal(RawClient.Ack, raw.Ask(RawClient.StartTls));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(root);
        var wire = new CountedStream(raw.Socket);
        var stream = new SslStream(wire);
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = policy,
            ClientCertificates = certificate is null ? null : [certificate],
            EnabledSslProtocols = protocols,
        });
        return new TlsClient(stream, wire);
    }

    public void Send(params ReadOnlySpan<byte> bytes) => Stream.Write(bytes);

    public byte[] Receive(int count)
    {
        var bytes = new byte[count];
        Stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Whether the server has closed and nothing was left to read.</summary>
    public bool IsClosed()
    {
        try
        {
            return Stream.Read(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void SendOption(uint option, params ReadOnlySpan<byte> data) =>
        Send([.. "IHAVEOPT"u8, .. RawClient.Big(option), .. RawClient.Big((uint)data.Length), .. data]);

    /// <summary>The type of the last reply to an option.</summary>
    public uint Ask(uint option, params ReadOnlySpan<byte> data)
    {
        SendOption(option, data);
        while (true)
        {
            var header = Receive(20);
            Assert.Equal(0x0003e889045565a9, BinaryPrimitives.ReadInt64BigEndian(header));
            Assert.Equal(option, RawClient.Number(header, 8));
            _ = Receive((int)RawClient.Number(header, 16));
            var type = RawClient.Number(header, 12);
            if (type is RawClient.Ack or >= 0x80000000)
                return type;
        }
    }

    /// <summary>Reads with simple replies.</summary>
    public byte[] Read(ulong offset, uint length)
    {
        Send(RawClient.Request(RawClient.Read, offset, length, cookie: 5));
        Assert.Equal([.. RawClient.Big(0x67446698u), .. RawClient.Big(0u), .. RawClient.Big(5ul)], Receive(16));
        return Receive((int)length);
    }

    /// <summary>The last bytes that came, as they were on the wire.</summary>
    public byte[] LastBytes(int count) => [.. _wire.Received.TakeLast(count)];

    public void Dispose() => Stream.Dispose();

    /// <summary>Keeps what was received, for tests that look at records.</summary>
    private sealed class CountedStream(Socket socket) : NetworkStream(socket)
    {
        public List<byte> Received { get; } = [];

        public override int Read(Span<byte> buffer)
        {
            var received = base.Read(buffer);
            Received.AddRange(buffer[..received]);
            return received;
        }
    }
}
