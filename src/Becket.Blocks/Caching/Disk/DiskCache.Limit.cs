namespace Becket.Blocks.Caching.Disk;

/// <summary>Keeping to the limit: when the folder is measured, and when nothing is stored for want of room.</summary>
public sealed partial class DiskCache
{
    private const long SmallestStep = 1024 * 1024;
    private const long LargestStep = 256 * 1024 * 1024;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _looking = new();
    private readonly long _step;
    private long _measured;
    private long _wroteSince; // bytes that this process wrote since _measured
    private long _lastLook;
    private int _isLookDue;
    private long _evicted;

    /// <summary>How many bytes a process writes before it measures the folder again.</summary>
    internal static long StepFor(long limit) => Math.Clamp(limit / 64, SmallestStep, LargestStep);

    /// <summary>
    /// Whether this process may store something. Once it is a step over the limit it may not: an eviction is under way, here or in
    /// another process, and what is fetched meanwhile stays uncached rather than fill the disk.
    /// </summary>
    internal bool HasRoom()
    {
        if (Interlocked.Read(ref _measured) + Interlocked.Read(ref _wroteSince) <= Limit + _step)
            return true;
        if (Time.GetElapsedTime(Interlocked.Read(ref _lastLook)) >= LookAgain)
            LookSoon();
        return false;
    }

    internal void Wrote(int bytes)
    {
        if (Interlocked.Add(ref _wroteSince, bytes) >= _step)
            LookSoon();
    }

    /// <summary>Measures the folder and evicts what is over the limit. Returns when both are done, by whatever thread.</summary>
    internal void Look()
    {
        lock (_looking)
        {
            Volatile.Write(ref _isLookDue, 0);
            if (IsOff || _stopping.IsCancellationRequested)
                return;
            try
            {
                ForEachObject(static opened => opened.CheckThatFilesAreThere());
                Measure();
                if (Interlocked.Read(ref _measured) > Limit)
                {
                    FlushUses();
                    Interlocked.Add(ref _evicted, DiskEviction.Run(_folder, Limit, Logger, _stopping.Token));
                    Measure();
                }
            }
            catch (BlockDeviceException e)
            {
                TurnOff(e); // a limit that cannot be kept
            }
            Interlocked.Exchange(ref _lastLook, Time.GetTimestamp());
        }
    }

    /// <summary>Has a thread of the pool look, unless one is about to.</summary>
    private void LookSoon()
    {
        if (Interlocked.Exchange(ref _isLookDue, 1) == 0 && !_stopping.IsCancellationRequested)
            _ = Task.Run(Look);
    }

    private void Measure()
    {
        var wrote = Interlocked.Read(ref _wroteSince);
        Interlocked.Exchange(ref _measured, _folder.Allocated());
        Interlocked.Add(ref _wroteSince, -wrote);
    }

    private void StopLooking()
    {
        _stopping.Cancel();
        lock (_looking) // one that comes later sees that it is too late
            _stopping.Dispose();
    }
}
