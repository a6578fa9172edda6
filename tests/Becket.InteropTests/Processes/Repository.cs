namespace Becket.InteropTests.Processes;

/// <summary>The checkout that these tests were built from, found from where they run.</summary>
public static class Repository
{
    private static string Root { get; } = FindRoot();

    /// <summary>The binary under test: what <c>./build</c> published, not what the tests were compiled with.</summary>
    public static string Becket
    {
        get
        {
            var path = Path.Combine(Root, "dist", "becket");
            Assert.True(File.Exists(path), "dist/becket is missing; run ./build first");
            return path;
        }
    }

    /// <summary>A file of the checkout.</summary>
    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    public static string Script(string name) => Path.Combine(Root, "scripts", name);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Becket.slnx")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new DirectoryNotFoundException($"No Becket.slnx above {AppContext.BaseDirectory}.");
        }
        return folder;
    }
}
