using System.Net.Sockets;

namespace Becket.Serving;

/// <summary>
/// Standard input and output as one two-way stream, for <c>serve --single</c>. Blocking, like the connection that uses it.
/// </summary>
internal sealed class StandardStreams(Stream input, Stream output) : Stream
{
    /// <summary>A socket's stream where a parent such as inetd gave us one socket for both directions, else the two pipes.</summary>
    public static Stream Open()
    {
        try
        {
            var socket = new Socket(new SafeSocketHandle(0, ownsHandle: false));
            if (socket.SocketType == SocketType.Stream && socket.Connected)
                return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException)
        {
            // Not a socket.
        }

        return new StandardStreams(Console.OpenStandardInput(), Console.OpenStandardOutput());
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => input.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => output.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

    public override void Flush() => output.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            input.Dispose();
            output.Dispose();
        }

        base.Dispose(disposing);
    }
}
