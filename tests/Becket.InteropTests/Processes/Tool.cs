namespace Becket.InteropTests.Processes;

/// <summary>
/// What a test needs from the machine. Where it is missing the test is skipped with the reason; with <c>CI=true</c> it fails
/// instead, so that nothing goes untested unnoticed.
/// </summary>
public static class Tool
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin", "/sbin"];

    /// <summary>Needs these programs.</summary>
    public static void Require(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            Need(Find(name) is not null, $"'{name}' is not installed");
    }

    /// <summary>Needs root, for mounts and for daemons that insist on it.</summary>
    public static void RequireRoot() => Need(Environment.IsPrivilegedProcess, "it needs root");

    /// <summary>Needs a file of the system, such as a device.</summary>
    public static void RequireFile(string path) => Need(File.Exists(path), $"there is no {path}");

    /// <summary>Needs a file of the system whose name depends on its version, such as a kernel.</summary>
    public static void RequireFileLike(string folder, string pattern) =>
        Need(Directory.EnumerateFiles(folder, pattern).Any(), $"there is no {folder}/{pattern}");

    /// <summary>The full path of a program, or its name where it is not installed.</summary>
    public static string PathOf(string name) => Find(name) ?? name;

    /// <summary>Whether these programs are installed.</summary>
    public static bool Has(params IEnumerable<string> names) => names.All(static name => Find(name) is not null);

    /// <summary>Needs what has been looked for.</summary>
    public static void Need(bool met, string reason)
    {
        if (met)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"{reason}, and with CI=true nothing is skipped for that");
        Assert.Skip(reason);
    }

    private static string? Find(string name) => name.Contains('/', StringComparison.Ordinal)
        ? File.Exists(name) ? name : null
        : Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
