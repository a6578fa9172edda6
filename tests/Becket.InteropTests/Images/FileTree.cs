using System.Security.Cryptography;

namespace Becket.InteropTests.Images;

/// <summary>
/// A folder of files with random contents, and the checksums that a copy of it must have.
/// </summary>
public sealed class FileTree
{
    private FileTree(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>How many files there are.</summary>
    public int Count => Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Count();

    /// <summary>Makes about 9 MiB of files: empty, tiny, odd-sized, large, nested, with a name that is not ASCII.</summary>
    public static FileTree Create(string folder, int seed)
    {
        var random = new Random(seed);
        foreach (var (name, size) in new[]
        {
            ("README", 1234), ("empty", 0), ("one-byte", 1), ("boot/kernel", 5_000_001), ("boot/initrd", 3 << 20),
            ("docs/a/b/c/deep.txt", 4096), ("docs/käse.txt", 70_000),
        })
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var bytes = new byte[size];
            random.NextBytes(bytes);
            File.WriteAllBytes(path, bytes);
        }
        for (var i = 0; i < 200; i++)
            File.WriteAllText(Path.Combine(folder, "docs", $"page-{i:d3}"), $"page {i} of {random.Next()}\n");
        return new FileTree(folder);
    }

    /// <summary>One line for each file, as sha256sum(1) prints them and <c>sha256sum --check</c> takes them.</summary>
    public string Checksums() => ChecksumsOf(Folder);

    /// <summary>The same lines for a folder that should be a copy. What filesystems add for themselves is left out.</summary>
    public static string ChecksumsOf(string folder) => string.Concat(
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true })
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path)))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.Path)))}  {file.Name}\n"));
}
