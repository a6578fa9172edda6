using System.Buffers.Binary;
using System.Text;

namespace Becket.Nbd.Protocol;

/// <summary>A chunk that says why a request failed, always the last of its reply (proto.md, NBD_REPLY_TYPE_ERROR).</summary>
/// <remarks>
/// <code>
///  0  20  chunk header: length = 6 + length of the sentence
/// 20   4  error
/// 24   2  length of the sentence
/// 26   n  sentence for people, UTF-8
/// </code>
/// </remarks>
internal readonly record struct ErrorChunk(long Cookie, NbdError Error, string Sentence)
{
    private const int FixedSize = ChunkHeader.Size + 6;

    /// <summary>No error chunk is longer: a UTF-16 character takes at most three bytes of UTF-8.</summary>
    public const int MaximumSize = FixedSize + (NbdLimits.SentenceLength * 3);

    /// <summary>Writes the chunk and returns its size.</summary>
    public int Write(Span<byte> destination)
    {
        var sentence = Sentence.AsSpan(0, Math.Min(Sentence.Length, NbdLimits.SentenceLength));
        var length = Encoding.UTF8.GetBytes(sentence, destination[FixedSize..]);

        new ChunkHeader(ChunkFlags.Done, ChunkType.Error, Cookie, 6 + (uint)length).Write(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[ChunkHeader.Size..], (uint)Error);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(ChunkHeader.Size + 4)..], (ushort)length);
        return FixedSize + length;
    }
}
