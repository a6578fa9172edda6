namespace Becket.Tests.Blocks.Sources;

/// <summary>A folder that is gone, with everything in it, when it is disposed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private int _files;

    public string Path { get; } = Directory.CreateTempSubdirectory("becket-test-").FullName;

    /// <summary>A new file with this content.</summary>
    public string AddFile(byte[] content)
    {
        var path = NewPath();
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>A new file of so many bytes that are all hole.</summary>
    public string AddHole(long size)
    {
        var path = NewPath();
        using var file = File.Create(path);
        file.SetLength(size);
        return path;
    }

    /// <summary>A path that nothing is at yet.</summary>
    public string NewPath() => System.IO.Path.Combine(Path, $"file-{Interlocked.Increment(ref _files)}");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
