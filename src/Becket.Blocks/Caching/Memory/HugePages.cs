using System.Runtime.InteropServices;

namespace Becket.Blocks.Caching.Memory;

/// <summary>
/// Puts memory that is read again and again on huge pages (2 MiB), behind the readers' backs: copies from all over a large
/// memory spend much of their time on looking up small ones. Not when the memory is first filled: finding huge pages then would
/// hold up whoever fills it, for bytes that may be read once. For many threads at once.
/// </summary>
internal sealed unsafe partial class HugePages : IDisposable
{
    /// <summary>The alignment that the memory must have.</summary>
    public const int Size = 2 * 1024 * 1024;

    /// <summary>Slots of a page that were read again before it is worth it.</summary>
    private const int Enough = 4;

    private const int SlotsPerPage = Size / CacheGeometry.Piece;
    private const int Collapse = 25; // MADV_COLLAPSE, Linux 6.1
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Rest after each page, in the time that it took: so it all takes a fiftieth of a processor, where pages are dear, too.
    /// </summary>
    private const int Rest = 49;

    private readonly byte* _base;
    private readonly int[] _reused; // for each page, the slots read again; negative: done
    private readonly Lock _working = new();
    private readonly ITimer _timer;
    private bool _isDone;
    private long _restsUntil; // in milliseconds of the system's run

    /// <param name="start">Aligned to <see cref="Size"/>; the owner's, and valid until this is disposed.</param>
    /// <param name="slots">How many slots lie there; a last page that is not full stays as it is.</param>
    public HugePages(byte* start, int slots)
    {
        _base = start;
        _reused = new int[slots / SlotsPerPage];
        _timer = TimeProvider.System.CreateTimer(static self => ((HugePages)self!).Work(), this, Period, Period);
    }

    /// <summary>The bytes of a slot, counted from 0, were read again for the first time. Lost updates do not matter.</summary>
    public void NoteReuse(int slot)
    {
        var page = slot / SlotsPerPage;
        if (page < _reused.Length && _reused[page] >= 0)
            _reused[page]++;
    }

    /// <summary>Returns when nothing is done to the memory any more.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_working)
            _isDone = true;
    }

    private void Work()
    {
        if (!_working.TryEnter())
            return; // the last round is not over
        try
        {
            for (var page = 0; page < _reused.Length && !_isDone && Environment.TickCount64 >= _restsUntil; page++)
            {
                if (_reused[page] < Enough)
                    continue;
                _reused[page] = -1;
                var started = TimeProvider.System.GetTimestamp();
                // Refused for ever on older kernels, and for now where no huge page can be found: small ones do.
                _ = Advise(_base + ((long)page * Size), Size, Collapse);
                _restsUntil = Environment.TickCount64 + (long)(TimeProvider.System.GetElapsedTime(started) * Rest).TotalMilliseconds;
            }
        }
        finally
        {
            _working.Exit();
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
