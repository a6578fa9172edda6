using System.Text.RegularExpressions;

namespace Becket.Tests.Documents;

/// <summary>The promises in <c>docs/semantics.md</c> are kept by tests that exist.</summary>
public sealed partial class SemanticsTests
{
    [Fact]
    public void Every_test_that_a_promise_names_is_there()
    {
        var root = Root();
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Contract.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));

        var named = TestName().Matches(File.ReadAllText(Path.Combine(root, "docs", "semantics.md"))).Select(static match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains($" {name}(", sources, StringComparison.Ordinal));
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Becket.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException($"no Becket.slnx above {AppContext.BaseDirectory}");
        return folder;
    }
}
