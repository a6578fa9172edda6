using System.IO.Hashing;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// What the index says of a block, in 64 bits: 0 absent, otherwise its checksum, or the sign of a block that is known to be all zero.
/// Both depend on the object's key and on the block's number, so that a mark or a block that ended up in another place or in another
/// object's file does not match, and a flipped bit cannot turn "absent" into "zero".
/// </summary>
internal static class BlockMark
{
    public const ulong Absent = 0;

    /// <summary>The mark of a block with these bytes; never the one of absence or of zeroes.</summary>
    public static ulong Of(ReadOnlySpan<byte> block, ulong key, long number)
    {
        var zero = Zero(key, number);
        var mark = XxHash3.HashToUInt64(block, unchecked((long)(key + (ulong)number)));
        while (mark == Absent || mark == zero)
            mark++;
        return mark;
    }

    /// <summary>The mark of a block that is known to be all zero, and of which no bytes are stored.</summary>
    public static ulong Zero(ulong key, long number)
    {
        // The finalizer of SplitMix64: every bit of the number reaches every bit of the mark, in two nanoseconds.
        unchecked
        {
            var mark = key ^ ((ulong)number * 0x9E3779B97F4A7C15);
            mark = (mark ^ (mark >> 30)) * 0xBF58476D1CE4E5B9;
            mark = (mark ^ (mark >> 27)) * 0x94D049BB133111EB;
            mark ^= mark >> 31;
            return mark == Absent ? 1 : mark;
        }
    }
}
