namespace Becket.Nbd.Transmission;

/// <summary>
/// Replies that stand one after the other in a buffer, to be sent with one call. Not thread-safe: it belongs to the thread
/// that fills it.
/// </summary>
internal sealed class ReplyBatch(ReplyFormat format, int capacity)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(capacity);
    private int _used;

    public int Capacity => _buffer.Length;

    public int Room => _buffer.Length - _used;

    public bool IsEmpty => _used == 0;

    public ReadOnlySpan<byte> Content => _buffer.AsSpan(0, _used);

    /// <summary>The next bytes of the batch, to be filled and then added with <see cref="Advance"/>.</summary>
    public Span<byte> Next(int length) => _buffer.AsSpan(_used, length);

    public void Advance(int length) => _used += length;

    public void Clear() => _used = 0;

    /// <summary>Copies a reply; false where it does not fit any more. The reply's content stays the caller's.</summary>
    public bool TryAdd(in Reply reply)
    {
        if (reply.Content is not { } content)
        {
            if (Room < ReplyFormat.MaximumHeaderSize)
                return false;

            _used += format.Write(_buffer.AsSpan(_used), reply);
            return true;
        }

        if (Room < content.Length)
            return false;

        content.Span.CopyTo(_buffer.AsSpan(_used));
        _used += content.Length;
        return true;
    }
}
