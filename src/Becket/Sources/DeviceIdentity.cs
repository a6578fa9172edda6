using System.Globalization;
using Becket.Blocks;
using Becket.Volumes;

namespace Becket.Sources;

/// <summary>
/// Tells whether a source still holds what it held when it was opened before, by another process: by the object's ETag and
/// version, or by the size where that is all there is.
/// </summary>
internal static class DeviceIdentity
{
    public static string Of(IBlockDevice device) => device is ObjectDevice remote
        ? string.Create(CultureInfo.InvariantCulture, $"{remote.Pin.ETag} {remote.Pin.VersionId} {device.Info.Size}")
        : device.Info.Size.ToString(CultureInfo.InvariantCulture);
}
