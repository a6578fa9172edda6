using System.Buffers.Binary;

namespace Becket.DevS3.Payloads;

/// <summary>
/// A cyclic redundancy check of 32 or 64 bits in the reflected form, all ones before and after: CRC-32 (ISO-HDLC),
/// CRC-32C (RFC 3720, B.4) and CRC-64/NVME. The tables are made once per polynomial and take eight bytes at a time.
/// </summary>
internal sealed class ReflectedCrc
{
    public static readonly ReflectedCrc Crc32 = new(0xEDB88320, 4);
    public static readonly ReflectedCrc Crc32C = new(0x82F63B78, 4);
    public static readonly ReflectedCrc Crc64Nvme = new(0x9A6C9329AC4BC9B5, 8);

    private readonly ulong[] _tables = new ulong[8 * 256];

    private ReflectedCrc(ulong reversedPolynomial, int size)
    {
        Size = size;
        for (int i = 0; i < 256; i++)
        {
            ulong remainder = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
                remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ reversedPolynomial : remainder >> 1;
            _tables[i] = remainder;
        }
        for (int i = 256; i < _tables.Length; i++)
            _tables[i] = (_tables[i - 256] >> 8) ^ _tables[_tables[i - 256] & 0xFF];
    }

    /// <summary>Bytes of the result.</summary>
    public int Size { get; }

    /// <summary>The state before the first byte.</summary>
    public ulong Start => Size == 4 ? uint.MaxValue : ulong.MaxValue;

    /// <summary>The state after <paramref name="data"/>.</summary>
    public ulong Append(ulong state, ReadOnlySpan<byte> data)
    {
        ulong[] t = _tables;
        while (data.Length >= 8)
        {
            state ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            state = t[0x700 + (state & 0xFF)] ^ t[0x600 + ((state >> 8) & 0xFF)]
                ^ t[0x500 + ((state >> 16) & 0xFF)] ^ t[0x400 + ((state >> 24) & 0xFF)]
                ^ t[0x300 + ((state >> 32) & 0xFF)] ^ t[0x200 + ((state >> 40) & 0xFF)]
                ^ t[0x100 + ((state >> 48) & 0xFF)] ^ t[state >> 56];
            data = data[8..];
        }
        foreach (byte b in data)
            state = (state >> 8) ^ t[(state ^ b) & 0xFF];
        return state;
    }

    /// <summary>The result, in the byte order that S3 puts it in: big-endian.</summary>
    public byte[] Finish(ulong state)
    {
        byte[] result = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(result, state ^ Start);
        return result[(8 - Size)..];
    }
}
