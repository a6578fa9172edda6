using Becket.InteropTests.Processes;

namespace Becket.InteropTests.Faults;

/// <summary>
/// <c>docs/reliability.md</c>, whose tables are what the tests have seen. A table stands between two comments that name it; the rest
/// is prose. With <c>BECKET_UPDATE_DOCS=1</c> the tables are written instead of compared.
/// </summary>
internal static class ReliabilityDocument
{
    private const string Header =
        """
        | fault | at open | passes: first | passes: later | lasts: first | lasts: later | lasts: cached | log | afterwards |
        |---|---|---|---|---|---|---|---|---|
        """;

    private const string HowTo = "BECKET_UPDATE_DOCS=1 ./test interop --filter-class '*FaultMatrix*' writes what was seen";

    private static readonly Lock Gate = new();

    public static void Hold(string table, IEnumerable<FaultRow> rows)
    {
        var text = $"{Header}\n{string.Join('\n', rows.Select(static row => row.ToString()).Order(StringComparer.Ordinal))}";
        lock (Gate)
        {
            var path = Repository.PathOf("docs", "reliability.md");
            var document = File.ReadAllText(path);
            var (start, end) = ($"<!-- {table}: begin -->\n", $"\n<!-- {table}: end -->");
            var from = document.IndexOf(start, StringComparison.Ordinal) + start.Length;
            var to = document.IndexOf(end, StringComparison.Ordinal);
            Assert.True(from >= start.Length && to >= from, $"{path} has no place for the table '{table}'");
            if (Environment.GetEnvironmentVariable("BECKET_UPDATE_DOCS") == "1")
                File.WriteAllText(path, document[..from] + text + document[to..]);
            else
                Assert.True(document[from..to] == text, $"docs/reliability.md says otherwise; {HowTo}:\n{text}");
        }
    }
}
