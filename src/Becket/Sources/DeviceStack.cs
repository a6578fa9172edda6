using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Filters;
using Microsoft.Extensions.Logging;

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
        var identity = DeviceIdentity.Of(device);
        device = cache.Over(device, opener.PlaceOf(source));
        return Over(export, device, identity, opener.Loggers);
    }

    /// <summary>The layers over a device that may have a cache.</summary>
    public static ServedDevice Over(string export, IBlockDevice device, string identity, ILoggerFactory loggers)
    {
        var cached = device as CacheFilter;
        device = new BlockSizeFilter(device);
        var health = new HealthFilter(device, TimeProvider.System, loggers.CreateLogger<HealthFilter>());
        var metered = new MeterFilter(health, export, TimeProvider.System);
        return new ServedDevice(metered, cached, health, identity);
    }
}

/// <summary>A device that is ready to be served, and what its layers can tell of it. Disposing the device disposes them all.</summary>
/// <param name="Device">The uppermost layer.</param>
/// <param name="Cache">Null where there is nothing to gain by one.</param>
/// <param name="Health">How the reads fare that the cache could not answer.</param>
/// <param name="Identity">The same text means the same bytes, as far as the source lets one tell.</param>
internal sealed record ServedDevice(MeterFilter Device, CacheFilter? Cache, HealthFilter Health, string Identity);
