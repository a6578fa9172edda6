using Becket.Blocks;

namespace Becket.Fuse.Mounting;

/// <summary>What the kernel is told at the mount, besides the folder.</summary>
/// <param name="Source">What /proc/mounts shows as the source.</param>
/// <param name="Access">Read alone makes the whole mount read-only.</param>
/// <param name="MaximumRead">The longest read in bytes.</param>
internal sealed record MountOptions(string Source, FileAccess Access, int MaximumRead)
{
    public static MountOptions For(IBlockDevice device, string source, int maximumRead) =>
        new(source, device.Info.IsReadOnly ? FileAccess.Read : FileAccess.ReadWrite, maximumRead);
}
