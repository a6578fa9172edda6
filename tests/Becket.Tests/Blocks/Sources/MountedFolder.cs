namespace Becket.Tests.Blocks.Sources;

/// <summary>
/// A small filesystem of its own, a tmpfs or an image, that a test may fill up or make read-only. Only root can have one.
/// </summary>
internal sealed class MountedFolder : IDisposable
{
    private MountedFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Skips the test where mounting is not allowed.</summary>
    public static MountedFolder Mount(int size) => Mount("-t", "tmpfs", "-o", $"size={size}", "tmpfs");

    /// <summary>The filesystem in an image file.</summary>
    public static MountedFolder MountImage(string path) => Mount("-o", "loop", path);

    public void MakeReadOnly() => Assert.NotNull(Shell.Run("mount", "-o", "remount,ro", Path));

    /// <summary>Lazily, as a failed test may still have a file open.</summary>
    public void Dispose()
    {
        Shell.Run("umount", "--lazy", Path);
        Directory.Delete(Path);
    }

    private static MountedFolder Mount(params string[] arguments)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a filesystem");
        var path = Directory.CreateTempSubdirectory("becket-mount-").FullName;
        if (Shell.Run("mount", [.. arguments, path]) is not null)
            return new MountedFolder(path);
        Directory.Delete(path);
        Assert.Skip("root may not mount a filesystem here");
        return null;
    }
}
