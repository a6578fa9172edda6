namespace Becket.Bench.Compare.Setting;

/// <summary>
/// A disk image on this machine whose copy is in the store; <paramref name="FileSystem"/> is what mount(8) calls it, "" for none.
/// </summary>
internal sealed record Image(string Key, string Path, string FileSystem)
{
    public long Size { get; } = new FileInfo(Path).Length;
}

/// <summary>Makes disk images by the tools that everybody makes them with, each when it is first asked for.</summary>
internal sealed class Images(string folder)
{
    private const long Gibibyte = 1L << 30;
    private const int Seed = 2026;

    public const string Random = "random.img";
    public const string Ext4 = "ext4.img";
    public const string Ext4Copied = "ext4-copied.img";
    public const string Xfs = "xfs.img";
    public const string Squashfs = "squashfs.img";

    private SampleTree? _tree;

    public async Task<SampleTree> GetTreeAsync(CancellationToken cancellationToken)
    {
        if (_tree is null)
        {
            await Console.Error.WriteLineAsync("making a tree of files");
            _tree = await SampleTree.CreateAsync(Directory.CreateDirectory(Path.Combine(folder, "tree")).FullName, Seed, cancellationToken);
        }
        return _tree;
    }

    public async Task<Image> MakeAsync(string key, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync($"making {key}");
        var path = Path.Combine(folder, key);
        if (key == Random)
        {
            await MakeRandomAsync(path, cancellationToken);
            return new Image(key, path, "");
        }

        var tree = (await GetTreeAsync(cancellationToken)).Folder;
        switch (key)
        {
            case Ext4:
                await MakeEmptyAsync(path, cancellationToken);
                await Tool.RunAsync("mke2fs", ["-q", "-t", "ext4", "-d", tree, path], cancellationToken);
                return new Image(key, path, "ext4");
            case Ext4Copied:
                await MakeEmptyAsync(path, cancellationToken);
                await Tool.RunAsync("mke2fs", ["-q", "-t", "ext4", path], cancellationToken);
                await CopyInAsync(path, tree, cancellationToken);
                return new Image(key, path, "ext4");
            case Xfs:
                await MakeEmptyAsync(path, cancellationToken);
                await Tool.RunAsync("mkfs.xfs", ["-q", path], cancellationToken);
                await CopyInAsync(path, tree, cancellationToken);
                return new Image(key, path, "xfs");
            case Squashfs:
                await Tool.RunAsync("mksquashfs", [tree, path, "-quiet", "-no-progress"], cancellationToken);
                return new Image(key, path, "squashfs");
            default:
                throw new ArgumentOutOfRangeException(nameof(key), key, "no such image");
        }
    }

    private static async Task MakeEmptyAsync(string path, CancellationToken cancellationToken) =>
        await Tool.RunAsync("truncate", ["-s", $"{Gibibyte}", path], cancellationToken);

    private static async Task MakeRandomAsync(string path, CancellationToken cancellationToken)
    {
        var random = new Random(Seed);
        var buffer = new byte[1 << 20];
        await using var file = File.Create(path);
        for (var position = 0L; position < Gibibyte; position += buffer.Length)
        {
            random.NextBytes(buffer);
            await file.WriteAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Fills a filesystem as its owner would: through the kernel.</summary>
    private async Task CopyInAsync(string image, string tree, CancellationToken cancellationToken)
    {
        var mounted = Directory.CreateDirectory(Path.Combine(folder, "filling")).FullName;
        await Tool.RunAsync("mount", ["-o", "loop", image, mounted], cancellationToken);
        try
        {
            await Tool.RunAsync("cp", ["-a", $"{tree}/.", mounted], cancellationToken);
        }
        finally
        {
            await Tool.RunAsync("umount", [mounted], CancellationToken.None);
        }
    }
}
