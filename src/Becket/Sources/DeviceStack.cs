using Becket.Blocks.Caching;
using Becket.Blocks.Filters;

namespace Becket.Sources;

/// <summary>
/// The layers of a served device, bottom up, written down once. A read comes in at the last line and goes up the list
/// until a layer can answer it.
/// </summary>
internal static class DeviceStack
{
    public static async ValueTask<ServedDevice> OpenAsync(
        string export, DeviceSource source, FileAccess access, SourceOpener opener, SourceCache cache, CancellationToken cancellationToken)
    {
        var device = await opener.OpenAsync(source, access, cancellationToken);
        device = cache.Over(device, opener.PlaceOf(source));
        var cached = device as CacheFilter;
        device = new BlockSizeFilter(device);
        var metered = new MeterFilter(device, export, TimeProvider.System);
        return new ServedDevice(metered, cached);
    }
}

/// <summary>A device that is ready to be served, and what its layers can tell of it. Disposing the device disposes them all.</summary>
internal sealed record ServedDevice(MeterFilter Device, CacheFilter? Cache);
