using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Sources;

/// <summary>
/// A real block device over a file. The kernel takes it away when the last one has closed it, even if the test is killed:
/// it is detached as soon as this object has it open.
/// </summary>
internal sealed class LoopDevice : IAsyncDisposable
{
    private static readonly Lazy<bool> HasTool = new(() => Shell.Run("losetup", "--version") is not null);

    private readonly FileDevice _open;

    private LoopDevice(string path, FileDevice open) => (Path, _open) = (path, open);

    /// <summary>As in <c>/dev/loop0</c>.</summary>
    public string Path { get; }

    /// <summary>Skips the test where there are none.</summary>
    public static LoopDevice Attach(string image)
    {
        SkipUnlessPossible();
        var path = Shell.Run("losetup", "--find", "--show", image);
        Assert.NotNull(path);
        try
        {
            return new LoopDevice(path, FileDevice.Open(path, FileAccess.Read));
        }
        finally
        {
            Shell.Run("losetup", "--detach", path);
        }
    }

    public static void SkipUnlessPossible() => Assert.SkipUnless(
        Environment.IsPrivilegedProcess && File.Exists("/dev/loop-control") && HasTool.Value,
        "block devices need root, losetup and /dev/loop-control");

    public ValueTask DisposeAsync() => _open.DisposeAsync();
}
