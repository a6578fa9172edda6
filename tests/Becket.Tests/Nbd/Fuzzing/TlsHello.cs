using System.Net.Security;
using System.Security.Authentication;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>The first message of a real TLS client, to be damaged.</summary>
internal static class TlsHello
{
    public static byte[] Record()
    {
        using var wire = new DeafStream();
        using var client = new SslStream(wire);
        try
        {
            client.AuthenticateAsClient("localhost");
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // Nobody answers.
        }

        return wire.ToArray();
    }

    /// <summary>Keeps what is written and ends every read.</summary>
    private sealed class DeafStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override int Read(Span<byte> buffer) => 0;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(0);
    }
}
