using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// A folder of cached objects on the local disk, shared by every process that names it. Dispose its objects before it.
/// </summary>
/// <remarks>
/// The limit is for the folder as a whole. Each process measures it after every so many bytes of its own, so usage exceeds the limit by
/// at most one such step for each process that writes; see <c>DiskCache.Limit.cs</c>.
/// </remarks>
public sealed partial class DiskCache : IDisposable
{
    private static readonly TimeSpan WarningPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UsePeriod = TimeSpan.FromSeconds(30);

    private readonly DiskCacheFolder _folder;
    private readonly ITimer _usesTimer;
    private readonly Lock _objectsLock = new();
    private readonly HashSet<DiskCacheObject> _objects = []; // guarded by _objectsLock
    private readonly Lock _warningLock = new();
    private long _damaged; // changed under _warningLock
    private long? _lastWarning; // guarded by _warningLock
    private int _isOff;

    private DiskCache(DiskCacheFolder folder, long limit, TimeProvider time, ILogger logger)
    {
        (_folder, Limit, Time, Logger) = (folder, limit, time, logger);
        _step = StepFor(limit);
        _lastLook = time.GetTimestamp();
        _usesTimer = time.CreateTimer(static cache => ((DiskCache)cache!).FlushUses(), this, UsePeriod, UsePeriod);
    }

    /// <summary>Bytes on disk that the folder may take.</summary>
    public long Limit { get; }

    /// <summary>How full it is. What only other processes know (their evictions, their damage) is not in it.</summary>
    public DiskCacheTotals Totals => new(
        Limit,
        Interlocked.Read(ref _measured) + Interlocked.Read(ref _wroteSince),
        Interlocked.Read(ref _evicted),
        Interlocked.Read(ref _damaged),
        IsOff);

    /// <summary>Nothing is stored any more, for the rest of this process.</summary>
    public bool IsOff => Volatile.Read(ref _isOff) != 0;

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    /// <summary>Opens the folder and makes it, for its owner only, if it is not there.</summary>
    /// <param name="folder">The folder; the cache keeps to folders and files of its own in it.</param>
    /// <param name="limit">Bytes on disk that it may take, whoever filled it.</param>
    /// <param name="logger">For the few warnings.</param>
    /// <exception cref="BlockDeviceException">
    /// It cannot be used: it may not be written, others may write it, or its filesystem lacks holes or locks. The message names it.
    /// </exception>
    public static DiskCache Open(string folder, long limit, ILogger logger) => Open(folder, limit, TimeProvider.System, logger);

    internal static DiskCache Open(string folder, long limit, TimeProvider time, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var cache = new DiskCache(DiskCacheFolder.Open(folder), limit, time, logger);
        cache.LookSoon(); // somebody may have left more than this limit
        return cache;
    }

    /// <summary>
    /// Opens what is cached of an object. Never throws: an object whose files cannot be used has nothing, and is off with a warning.
    /// </summary>
    /// <param name="identity">
    /// All that makes its bytes what they are, as text: store, bucket, key, ETag, version. Two objects of one identity have the same bytes.
    /// </param>
    /// <param name="size">The object's size in bytes, not 0.</param>
    public DiskCacheObject OpenObject(string identity, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        DiskObjectFiles? files = null;
        try
        {
            files = DiskObjectFiles.Open(_folder, identity, size);
        }
        catch (BlockDeviceException e)
        {
            DiskCacheLog.NotOpened(Logger, identity, e.Message);
        }
        var opened = new DiskCacheObject(this, Path.Combine(_folder.Path, DiskObjectFiles.NameOf(identity)), identity, size, files);
        lock (_objectsLock)
            _objects.Add(opened);
        return opened;
    }

    /// <summary>Whether anything was ever stored of an object here; makes nothing.</summary>
    public bool Holds(string identity)
    {
        using var folder = _folder.OpenObject(DiskObjectFiles.NameOf(identity));
        return folder is not null;
    }

    /// <summary>Waits for an eviction that is under way to come to a good point.</summary>
    public void Dispose()
    {
        _usesTimer.Dispose();
        StopLooking();
        _folder.Dispose();
    }

    internal void Forget(DiskCacheObject gone)
    {
        lock (_objectsLock)
            _objects.Remove(gone);
    }

    /// <summary>The disk cannot be written or read: no more of it. Says so the first time.</summary>
    internal void TurnOff(BlockDeviceException reason)
    {
        if (Interlocked.Exchange(ref _isOff, 1) == 0)
            DiskCacheLog.TurnedOff(Logger, reason.Message);
    }

    /// <summary>Warns at once the first time, and then no more than once a minute: a bad disk has many bad blocks.</summary>
    internal void WarnOfDamage(string identity, string folder, long offset)
    {
        lock (_warningLock)
        {
            _damaged++;
            if (_lastWarning is { } last && Time.GetElapsedTime(last) < WarningPause)
                return;
            _lastWarning = Time.GetTimestamp();
            DiskCacheLog.Damaged(Logger, identity, offset, folder, _damaged);
        }
    }

    internal void FlushUses() => ForEachObject(static opened => opened.FlushUses());

    /// <summary>Under the lock, so that no object is disposed meanwhile; what is done takes milliseconds.</summary>
    private void ForEachObject(Action<DiskCacheObject> action)
    {
        lock (_objectsLock)
        {
            foreach (var opened in _objects)
                action(opened);
        }
    }
}
