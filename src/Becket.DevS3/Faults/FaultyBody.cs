namespace Becket.DevS3.Faults;

/// <summary>
/// The body of an answer that goes wrong on its way: it passes on so many bytes, and then does what its fault says. Nothing
/// is passed on after that; the writer is only stopped where it has more to write.
/// </summary>
/// <param name="inner">The real body; belongs to the server.</param>
/// <param name="passes">Asked once, at the first write: bytes that are passed on; as many as all of them, or fewer.</param>
/// <param name="breakAsync">What happens then; does not return before the connection or the answer has ended.</param>
internal sealed class FaultyBody(Stream inner, Func<long> passes, Func<Task> breakAsync) : Stream
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
            _left = passes();
        ReadOnlyMemory<byte> passed = buffer[..(int)Math.Min(buffer.Length, _left)];
        _left -= passed.Length;
        await inner.WriteAsync(passed, cancellationToken);
        if (_left > 0)
            return;

        // The headers must go out even where nothing is passed on.
        await inner.FlushAsync(cancellationToken);
        await breakAsync();
        if (passed.Length == buffer.Length)
            return;
        throw new OperationCanceledException("The connection was broken by a fault.");
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException("This stream is only written asynchronously.");
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
