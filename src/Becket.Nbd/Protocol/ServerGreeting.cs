using System.Buffers.Binary;

namespace Becket.Nbd.Protocol;

/// <summary>The first message of a connection, from the server (proto.md, "Fixed newstyle negotiation").</summary>
/// <remarks>
/// <code>
///  0  8  "NBDMAGIC"
///  8  8  "IHAVEOPT"
/// 16  2  handshake flags
/// </code>
/// The client answers with its own flags in 4 bytes.
/// </remarks>
internal readonly record struct ServerGreeting(HandshakeFlags Flags)
{
    public const int Size = 18;
    public const int AnswerSize = 4;

    public static ReadOnlySpan<byte> Magic => "NBDMAGIC"u8;

    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        OptionHeader.Magic.CopyTo(destination[8..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], (ushort)Flags);
    }

    /// <summary>False where the bytes are not a newstyle greeting.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ServerGreeting greeting)
    {
        greeting = new ServerGreeting((HandshakeFlags)BinaryPrimitives.ReadUInt16BigEndian(source[16..]));
        return source.StartsWith(Magic) && source[8..].StartsWith(OptionHeader.Magic);
    }
}
