using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>How the replies of one connection look on the wire: simple or structured, as was negotiated. Immutable.</summary>
internal sealed class ReplyFormat(ReplyStyle style)
{
    /// <summary>Room for any reply that is only a header.</summary>
    public const int MaximumHeaderSize = ErrorChunk.MaximumSize;

    public bool IsStructured { get; } = style == ReplyStyle.Structured;

    /// <summary>Size of what stands before the bytes of a READ that is answered in one piece.</summary>
    public int ReadHeaderSize => IsStructured ? DataChunk.Size : SimpleReply.Size;

    public void WriteReadHeader(Span<byte> destination, in NbdRequest request)
    {
        if (IsStructured)
            new DataChunk(ChunkFlags.Done, request.Cookie, request.Offset, (int)request.Length).Write(destination);
        else
            new SimpleReply(NbdError.None, request.Cookie).Write(destination);
    }

    /// <summary>Writes a reply without content and returns its size.</summary>
    public int Write(Span<byte> destination, in Reply reply)
    {
        if (!IsStructured)
        {
            new SimpleReply(reply.Refusal.Error, reply.Cookie).Write(destination);
            return SimpleReply.Size;
        }

        if (reply.Refusal.IsRefused)
            return new ErrorChunk(reply.Cookie, reply.Refusal.Error, reply.Refusal.Sentence).Write(destination);

        // Other commands than READ may be answered simply here too, but one rule for all is easier to keep.
        new ChunkHeader(ChunkFlags.Done, ChunkType.None, reply.Cookie, 0).Write(destination);
        return ChunkHeader.Size;
    }
}
