namespace Becket.InteropTests.Processes;

/// <summary>
/// What a test needs from the machine. Where it is missing the test is skipped with the reason; with <c>CI=true</c> it fails
/// instead, so that nothing goes untested unnoticed.
/// </summary>
public static class Tool
{
    /// <summary>What starts a program in a mount namespace of its own; the program's words follow.</summary>
    public static IReadOnlyList<string> MountNamespace { get; } =
        Environment.IsPrivilegedProcess ? ["unshare", "--mount"] : ["unshare", "--mount", "--map-root-user"];

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

    /// <summary>Needs a mount namespace, in which a program sees other files of the system than everybody else.</summary>
    public static async Task RequireMountNamespaceAsync(CancellationToken cancellationToken)
    {
        Require("unshare");
        var outcome = await new Command(MountNamespace[0], [.. MountNamespace.Skip(1), "true"]).RunAsync(cancellationToken);
        Need(outcome.ExitCode == 0, "this user may not make a mount namespace");
    }

    private static string? Find(string name) => name.Contains('/', StringComparison.Ordinal)
        ? File.Exists(name) ? name : null
        : Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static void Need(bool met, string reason)
    {
        if (met)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"{reason}, and with CI=true nothing is skipped for that");
        Assert.Skip(reason);
    }
}
