using System.Numerics;

namespace Becket.Blocks.Filters;

/// <summary>
/// Where a device was read lately, in parts of one size. Noting a read costs a store at most and asks no clock: the one who looks
/// moves the time. For many threads at once; one that looks.
/// </summary>
public sealed class ReadTrail
{
    private const int MostParts = 1024;

    /// <summary>Seconds since the device was opened, and one: as they were when a part was read last; 0: never.</summary>
    private readonly int[] _read;
    private readonly int _shift;
    private readonly long _opened;
    private readonly TimeProvider _time;
    private int _now = 1;

    public ReadTrail(long size, TimeProvider time)
    {
        _shift = ShiftFor(size);
        _read = new int[PartsOf(size)];
        (_time, _opened) = (time, time.GetTimestamp());
    }

    /// <summary>Into how many parts a device of this size is cut: at most 1024, each a power of two long.</summary>
    public static int PartsOf(long size) => (int)(((size - 1) >> ShiftFor(size)) + 1);

    /// <summary>How long a part is, in bytes; the last one may be shorter.</summary>
    public static long PartLength(long size) => 1L << ShiftFor(size);

    public void Note(long offset, int length)
    {
        if (length == 0)
            return;
        var now = _now;
        var last = (offset + length - 1) >> _shift;
        for (var part = offset >> _shift; part <= last; part++)
        {
            // Compared first: a line that is only read stays in every processor's cache.
            if (_read[part] != now)
                _read[part] = now;
        }
    }

    /// <summary>
    /// Moves the time, and tells for each part how many seconds ago it was read last; -1: not that anybody knows. What was read
    /// since the look before this one has the age of that look.
    /// </summary>
    public int[] Look()
    {
        var now = (int)_time.GetElapsedTime(_opened).TotalSeconds + 1;
        Volatile.Write(ref _now, now);
        return [.. _read.Select(read => read == 0 ? -1 : now - read)];
    }

    private static int ShiftFor(long size)
    {
        var least = Math.Max(1, (size + MostParts - 1) / MostParts);
        return BitOperations.Log2(BitOperations.RoundUpToPowerOf2((ulong)Math.Max(least, Caching.CacheGeometry.Piece)));
    }
}
