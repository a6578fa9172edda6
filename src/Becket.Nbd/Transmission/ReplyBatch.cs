namespace Becket.Nbd.Transmission;

/// <summary>
/// Replies that stand one after the other in a buffer, to be sent with one call. The buffer is rented with the first of them
/// and given back by <see cref="Clear"/>; where the server has no room for it, nothing fits. Not thread-safe: it belongs to the
/// thread that fills it.
/// </summary>
internal sealed class ReplyBatch(ReplyFormat format, RoomShare share, int capacity)
{
    private TransferBuffer? _buffer;
    private int _used;

    public int Capacity => capacity;

    public bool IsEmpty => _used == 0;

    public ReadOnlySpan<byte> Content => _buffer is null ? [] : _buffer.Span[.._used];

    /// <summary>
    /// The next bytes of the batch, to be filled and then added with <see cref="Advance"/>; empty where there is no room.
    /// </summary>
    public Span<byte> Next(int length)
    {
        if (length > capacity - _used)
            return [];

        _buffer ??= share.TryRent(capacity);
        return _buffer is null ? [] : _buffer.Span.Slice(_used, length);
    }

    public void Advance(int length) => _used += length;

    public void Clear()
    {
        _buffer?.Dispose();
        (_buffer, _used) = (null, 0);
    }

    /// <summary>Copies a reply; false where it does not fit. The reply's content stays the caller's.</summary>
    public bool TryAdd(in Reply reply)
    {
        var place = Next(reply.Content?.Length ?? ReplyFormat.MaximumHeaderSize);
        if (place.IsEmpty)
            return false;

        reply.Content?.Span.CopyTo(place);
        _used += reply.Content?.Length ?? format.Write(place, reply);
        return true;
    }
}
