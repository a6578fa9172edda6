using Becket.Blocks;
using Becket.Blocks.Filters;

namespace Becket.Sources;

/// <summary>
/// The layers of a served device, bottom up, written down once. A read comes in at the last line and goes up the list
/// until a layer can answer it.
/// </summary>
internal static class DeviceStack
{
    public static async ValueTask<IBlockDevice> OpenAsync(
        string export, DeviceSource source, FileAccess access, SourceOpener opener, SourceCache cache, CancellationToken cancellationToken)
    {
        var device = await opener.OpenAsync(source, access, cancellationToken);
        device = cache.Over(device, opener.PlaceOf(source));
        device = new BlockSizeFilter(device);
        device = new MeterFilter(device, export, TimeProvider.System);
        return device;
    }
}
