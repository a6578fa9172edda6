using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The replies of a connection as its own thread gives them: small ones gathered in a batch, long ones sent from where they lie.
/// Belongs to that thread, which flushes before it waits for anything (README, 4 and 14).
/// </summary>
internal sealed class ReplyBox(ReplyFormat format, RoomShare share, ReplySender sender)
{
    private const int BatchCapacity = (256 * 1024) + DataChunk.Size;

    /// <summary>A reply of this size that already lies in a buffer is sent from there: a call costs less than the copy.</summary>
    private const int DirectSize = 64 * 1024;

    private readonly ReplyBatch _batch = new(format, share, BatchCapacity);

    /// <summary>The next bytes to be sent, to be filled and then added with <see cref="Advance"/>; empty where there is no room.</summary>
    public Span<byte> Next(int size)
    {
        if (size > _batch.Capacity)
            return [];

        var reply = _batch.Next(size);
        if (!reply.IsEmpty)
            return reply;

        Flush();
        return _batch.Next(size);
    }

    public void Advance(int size) => _batch.Advance(size);

    /// <summary>Memory for a payload or a reply; waits for it only with nothing unsent.</summary>
    public TransferBuffer Rent(int length)
    {
        if (share.TryRent(length) is { } buffer)
            return buffer;

        Flush();
        return share.Rent(length);
    }

    /// <summary>Sends a reply or puts it in the batch. Its content stays the caller's.</summary>
    public void Answer(in Reply reply)
    {
        if (reply.Content is { Length: >= DirectSize } content)
        {
            Flush();
            sender.Send(content.Span);
            return;
        }

        if (_batch.TryAdd(reply))
            return;

        Flush();
        if (!_batch.TryAdd(reply))
            sender.Send(reply);
    }

    /// <summary>Throws the batch away, where the connection broke between a reply and its flush; its buffer is the room's again.</summary>
    public void Discard() => _batch.Clear();

    /// <summary>Sends the batch and gives its buffer back, so that a connection that waits has none.</summary>
    public void Flush()
    {
        try
        {
            if (!_batch.IsEmpty)
                sender.Send(_batch.Content);
        }
        finally
        {
            _batch.Clear();
        }
    }
}
