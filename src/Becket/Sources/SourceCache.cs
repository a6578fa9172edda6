using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Volumes;
using Microsoft.Extensions.Logging;

namespace Becket.Sources;

/// <summary>
/// The one cache of a process, made with the first device that gains by it: one whose bytes are far away. Disposed after
/// the devices.
/// </summary>
internal sealed class SourceCache(CachePlan plan, ILoggerFactory loggers) : IDisposable
{
    private BlockCache? _cache;

    /// <summary>Puts the cache over a device, or returns it as it is.</summary>
    /// <param name="device">Taken over.</param>
    /// <param name="place">The server that the device's object comes from; null where it cannot be told from others.</param>
    public IBlockDevice Over(IBlockDevice device, string? place) =>
        device is ObjectDevice remote ? Over(remote, place) : device;

    /// <summary>The cache itself; null while no device has gained by it.</summary>
    public BlockCache? Shared => _cache;

    public void Dispose() => _cache?.Dispose();

    private CacheFilter Over(ObjectDevice device, string? place)
    {
        var room = Math.Max(plan.Memory, plan.Folder is null ? 0 : plan.FolderSize);
        if (plan.Settings.Prefetch == PrefetchMode.All && device.Info.Size > room)
        {
            throw CommandException.Usage(
                $"--prefetch all needs room for {device.Info.Description}, {ByteCount.Format(device.Info.Size)}: "
                + "give --cache-dir and a --cache-size as large as that");
        }
        return new CacheFilter(
            device, Cache, Identify(device, place), plan.Settings, TimeProvider.System, loggers.CreateLogger<CacheFilter>());
    }

    private BlockCache Cache => _cache ??= new BlockCache(
        plan.Memory,
        plan.Folder is null ? null : DiskCache.Open(plan.Folder, plan.FolderSize, loggers.CreateLogger<DiskCache>()));

    /// <summary>Place, key, ETag and version mean the same bytes for ever; a weak ETag, or none, means nothing of the kind.</summary>
    public static string? Identify(ObjectDevice device, string? place) =>
        place is not null && device.Pin.ETag is { } etag && !etag.StartsWith("W/", StringComparison.OrdinalIgnoreCase)
            ? $"{place}\n{device.Pin.Key}\n{etag}\n{device.Pin.VersionId}\n{device.Info.Size}"
            : null;
}
