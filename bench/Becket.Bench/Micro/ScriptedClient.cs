namespace Becket.Bench.Micro;

/// <summary>A client that sends what it is given and counts, without looking, what it gets.</summary>
internal sealed class ScriptedClient(byte[] script) : Stream
{
    private int _sent;

    public long Taken { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, script.Length - _sent);
        script.AsSpan(_sent, count).CopyTo(buffer);
        _sent += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => Taken += buffer.Length;

    public override void Write(byte[] buffer, int offset, int count) => Taken += count;

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
