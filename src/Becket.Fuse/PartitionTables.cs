using Becket.Blocks;

namespace Becket.Fuse;

/// <summary>
/// Where a kernel looks for partitions: the first and the last bytes of a disk. To be fetched before a device is attached, so that one
/// that cannot be read says so in words, and the kernel, which cannot be stopped while it looks, finds in the cache what it asks for.
/// </summary>
public static class PartitionTables
{
    /// <summary>Holds a GPT with blocks of 4096 bytes and all that older tables have at a fixed place.</summary>
    private const int Reach = 64 * 1024;

    /// <summary>Reads both ends of a device that has a cache; the bytes are not kept here.</summary>
    public static async ValueTask FetchAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        var size = device.Info.Size;
        var buffer = new byte[(int)Math.Min(Reach, size)];
        await device.ReadAsync(0, buffer, cancellationToken);
        if (size > Reach)
            await device.ReadAsync(size - Reach, buffer, cancellationToken);
    }
}
