using Becket.Attaching;

namespace Becket.Mounting;

/// <summary>
/// Asks blkid(8) what lies on a device and its partitions: it knows a hundred formats and asks the device itself, not a database.
/// </summary>
internal static class ContentProbe
{
    private const int NothingFound = 2;
    private const int Ambiguous = 8;

    /// <summary>The whole device first, then its partitions in order.</summary>
    public static async Task<IReadOnlyList<Contents>> ProbeAsync(BlockNode node, CancellationToken cancellationToken)
    {
        var found = new List<Contents> { await ProbeAsync(new Contents { Device = node.Path, Size = node.Size }, cancellationToken) };
        foreach (var partition in node.Partitions())
        {
            var place = new Contents { Device = partition.Path, Partition = partition.Number, Size = partition.Size };
            found.Add(await ProbeAsync(place, cancellationToken));
        }
        return found;
    }

    private static async Task<Contents> ProbeAsync(Contents place, CancellationToken cancellationToken)
    {
        var result = await SystemCommand.RunAsync("blkid", ["-p", "-o", "export", place.Device], cancellationToken);
        return result.ExitCode switch
        {
            0 => Parse(place, result.Output),
            NothingFound => place,
            Ambiguous => place with { Type = "several formats at once" },
            _ => throw new CommandException($"{place.Device} cannot be examined: {result.Complaint}"),
        };
    }

    internal static Contents Parse(Contents place, string output)
    {
        var values = output.Split('\n')
            .Select(static line => line.Split('=', 2))
            .Where(static pair => pair.Length == 2)
            .ToLookup(static pair => pair[0], static pair => pair[1].Replace("\\ ", " ", StringComparison.Ordinal),
                StringComparer.Ordinal);
        return place with
        {
            Type = values["TYPE"].FirstOrDefault(),
            Label = values["LABEL"].FirstOrDefault() ?? values["PART_ENTRY_NAME"].FirstOrDefault(),
            Usage = values["USAGE"].FirstOrDefault(),
            PartitionTable = values["PTTYPE"].FirstOrDefault(),
        };
    }
}
