using System.Buffers.Binary;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// What a server has sent until it, or the client, went. It may end anywhere; asking for more is an <see cref="EndOfStreamException"/>.
/// </summary>
internal sealed class ReplyReader(byte[] bytes, int count)
{
    private int _position;

    public bool IsAtEnd => _position == count;

    public int Position => _position;

    public ReadOnlySpan<byte> Take(long length)
    {
        if (length > count - _position)
            throw new EndOfStreamException();

        _position += (int)length;
        return bytes.AsSpan(_position - (int)length, (int)length);
    }

    public ushort Take16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint Take32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public long Take64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));
}
