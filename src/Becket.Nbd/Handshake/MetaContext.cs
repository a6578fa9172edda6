namespace Becket.Nbd.Handshake;

/// <summary>A kind of information that BLOCK_STATUS can report about stretches of an export; its id stands for it in replies.</summary>
internal sealed record MetaContext(uint Id, string Name)
{
    private const string Namespace = "base:";

    /// <summary>Which stretches are holes and which read as zeroes; its status bits are those of <see cref="Blocks.ExtentKind"/>.</summary>
    public static MetaContext Allocation { get; } = new(1, Namespace + "allocation");

    /// <summary>What LIST shows: no query at all and the bare namespace ask for everything; unknown ones for nothing.</summary>
    public static bool IsListed(IReadOnlyList<string> queries) =>
        queries.Count == 0 || queries.Contains(Namespace, StringComparer.Ordinal) || IsSelected(queries);

    /// <summary>What SET selects: only the full name does.</summary>
    public static bool IsSelected(IReadOnlyList<string> queries) => queries.Contains(Allocation.Name, StringComparer.Ordinal);
}
