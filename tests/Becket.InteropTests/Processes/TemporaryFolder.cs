namespace Becket.InteropTests.Processes;

/// <summary>
/// A folder that is deleted with all its files. Its path is short, because a unix socket's must fit in 107 bytes.
/// </summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("becket-").FullName;

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
