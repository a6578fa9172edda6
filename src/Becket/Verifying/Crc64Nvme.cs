using System.Buffers.Binary;

namespace Becket.Verifying;

/// <summary>
/// CRC-64/NVME, S3's checksum of its own choice: polynomial 0xAD93D23594C93659, reflected, all ones before and after. Eight
/// bytes at a time by tables; System.IO.Hashing has only the polynomial of ECMA-182.
/// </summary>
internal static class Crc64Nvme
{
    public const ulong Start = ulong.MaxValue;

    private const ulong ReversedPolynomial = 0x9A6C9329AC4BC9B5;

    private static readonly ulong[] Tables = MakeTables();

    /// <summary>The state after more bytes.</summary>
    public static ulong Append(ulong state, ReadOnlySpan<byte> data)
    {
        var tables = Tables;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            state ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            state = tables[(7 * 256) + (byte)state]
                ^ tables[(6 * 256) + (byte)(state >> 8)]
                ^ tables[(5 * 256) + (byte)(state >> 16)]
                ^ tables[(4 * 256) + (byte)(state >> 24)]
                ^ tables[(3 * 256) + (byte)(state >> 32)]
                ^ tables[(2 * 256) + (byte)(state >> 40)]
                ^ tables[256 + (byte)(state >> 48)]
                ^ tables[(byte)(state >> 56)];
        }
        foreach (var value in data)
            state = tables[(byte)(state ^ value)] ^ (state >> 8);
        return state;
    }

    /// <summary>The checksum in the order in which S3 writes it.</summary>
    public static byte[] Finish(ulong state)
    {
        var result = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(result, ~state);
        return result;
    }

    /// <summary>Table k holds what a byte does to the state when k more bytes follow it.</summary>
    private static ulong[] MakeTables()
    {
        var tables = new ulong[8 * 256];
        for (var value = 0; value < 256; value++)
        {
            var state = (ulong)value;
            for (var bit = 0; bit < 8; bit++)
                state = (state >> 1) ^ ((state & 1) * ReversedPolynomial);
            tables[value] = state;
        }
        for (var i = 256; i < tables.Length; i++)
            tables[i] = (tables[i - 256] >> 8) ^ tables[(byte)tables[i - 256]];
        return tables;
    }
}
