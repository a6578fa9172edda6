using Becket.Blocks;

namespace Becket.Attaching;

/// <summary>
/// Stands where an object was that has been replaced while nobody served it: as large as it was, and every read fails. Other
/// bytes under a mounted file system would be worse than none.
/// </summary>
internal sealed class ReplacedDevice(string source, long size) : BlockDevice
{
    public override BlockDeviceInfo Info { get; } = new()
    {
        Size = size,
        Features = BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Flush,
        Description = source,
    };

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        throw new BlockDeviceException(
            BlockError.Io, $"{source} is no longer the object that was mounted: it was replaced; unmount it and mount it again");
}
