using System.Text.RegularExpressions;

namespace Becket.Tests.Documents;

/// <summary>What the documents promise is kept by tests that exist.</summary>
public sealed partial class SemanticsTests
{
    [Theory]
    [InlineData("semantics.md")]
    [InlineData("conformance.md")]
    public void Every_test_that_a_promise_names_is_there(string document)
    {
        var root = Root();
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Contract.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));

        var text = File.ReadAllText(Path.Combine(root, "docs", document));
        var named = TestName().Matches(text).Select(static match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains($" {name}(", sources, StringComparison.Ordinal));
    }

    /// <summary>In a table of rules there is none that nothing holds.</summary>
    [Fact]
    public void Every_rule_of_the_protocol_names_a_test()
    {
        var rules = File.ReadAllLines(Path.Combine(Root(), "docs", "conformance.md"))
            .SkipWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
            .TakeWhile(static line => line != "## What is not there")
            .Where(static line => line.StartsWith("| ", StringComparison.Ordinal) && line != "| rule | test |")
            .ToList();

        Assert.NotEmpty(rules);
        Assert.All(rules, static rule => Assert.Matches(TestName(), rule));
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Becket.slnx")))
            folder = Path.GetDirectoryName(folder)
                ?? throw new DirectoryNotFoundException($"no Becket.slnx above {AppContext.BaseDirectory}");
        return folder;
    }
}
