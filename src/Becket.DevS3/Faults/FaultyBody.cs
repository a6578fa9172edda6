namespace Becket.DevS3.Faults;

/// <summary>
/// The body of an answer that goes wrong half-way: it passes on the first half of what Content-Length promises, and then
/// does what its fault says. Nothing is passed on after that.
/// </summary>
/// <param name="inner">The real body; belongs to the server.</param>
/// <param name="contentLength">Asked once, at the first write: bytes promised.</param>
/// <param name="breakAsync">What happens at the half; does not return before the connection has ended.</param>
internal sealed class FaultyBody(Stream inner, Func<long> contentLength, Func<Task> breakAsync) : Stream
{
    private long _left = -1;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left < 0)
            _left = contentLength() / 2;
        ReadOnlyMemory<byte> passed = buffer[..(int)Math.Min(buffer.Length, _left)];
        _left -= passed.Length;
        await inner.WriteAsync(passed, cancellationToken);
        if (passed.Length == buffer.Length)
            return;

        // The headers must go out even where the half is nothing.
        await inner.FlushAsync(cancellationToken);
        await breakAsync();
        throw new OperationCanceledException("The connection was broken by a fault.");
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException("This stream is only written asynchronously.");
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
