using System.Buffers.Binary;

namespace Becket.InteropTests.Faults;

/// <summary>
/// What an object holds, as a rule instead of a copy: every 8 bytes are a mixture of their offset and the object's number, so that
/// bytes of another place or another object are never right.
/// </summary>
internal static class KnownBytes
{
    public static void Fill(int number, long offset, Span<byte> buffer)
    {
        for (var i = 0; i < buffer.Length; i += sizeof(ulong))
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[i..], Mix(number, offset + i));
    }

    public static void Write(string path, int number, long size)
    {
        var buffer = new byte[1 << 20];
        using var file = File.Create(path);
        for (long offset = 0; offset < size; offset += buffer.Length)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, size - offset));
            Fill(number, offset, piece);
            file.Write(piece);
        }
    }

    /// <summary>Whether these are the bytes; offset and length are whole numbers of 8.</summary>
    public static bool Are(int number, long offset, ReadOnlySpan<byte> buffer)
    {
        for (var i = 0; i < buffer.Length; i += sizeof(ulong))
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(buffer[i..]) != Mix(number, offset + i))
                return false;
        }
        return true;
    }

    // The finalizer of splitmix64.
    private static ulong Mix(int number, long offset)
    {
        var x = ((ulong)number << 56) + (ulong)offset + 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
