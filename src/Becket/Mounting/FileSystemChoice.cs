using System.Text;

namespace Becket.Mounting;

/// <summary>Which of a device's file systems to mount: the one that was asked for, or the only one.</summary>
internal static class FileSystemChoice
{
    /// <param name="source">The source, for messages.</param>
    /// <param name="found">The whole device first.</param>
    /// <param name="partition">The partition asked for; 0 for the whole device; null to find the only file system.</param>
    /// <exception cref="CommandException">There is none, or more than one, or not this one.</exception>
    public static Contents Choose(string source, IReadOnlyList<Contents> found, int? partition)
    {
        if (partition is { } number)
        {
            var chosen = found.FirstOrDefault(contents => (contents.Partition ?? 0) == number);
            return Usable(source, chosen ?? throw NoSuchPartition(source, found, number));
        }

        // A hybrid ISO is a file system as a whole and shows parts of itself as partitions.
        if (found[0].IsFileSystem)
            return found[0];
        return found.Where(static contents => contents.IsFileSystem).ToList() switch
        {
            [var only] => only,
            [] when found.Count == 1 => Usable(source, found[0]),
            [] => throw new CommandException($"{source} holds no file system on any of its partitions:{List(found)}"),
            _ => throw new CommandException(
                $"{source} holds several file systems; choose one, such as "
                + $"'{source}#{found.First(static c => c.IsFileSystem).Partition}':{List(found)}"),
        };
    }

    private static Contents Usable(string source, Contents contents)
    {
        if (contents.IsFileSystem)
            return contents;
        var place = contents.Partition is { } number ? $"partition {number} of {source}" : source;
        throw new CommandException(contents switch
        {
            { Type: { } type } => $"{place} holds {type}, which is not a file system; "
                + "'becket attach' makes it a block device for the tools that know it",
            { PartitionTable: { } table } => $"{place} holds a partition table ({table}) and no partition that the kernel could find",
            _ => $"{place} holds no file system that blkid(8) knows; "
                + "'becket info' shows what it starts with, 'becket attach' makes it a block device",
        });
    }

    private static CommandException NoSuchPartition(string source, IReadOnlyList<Contents> found, int number) => new(
        found.Count == 1
            ? $"{source} has no partition {number}, it has no partitions at all"
            : $"{source} has no partition {number}; it has:{List(found)}");

    private static string List(IReadOnlyList<Contents> found)
    {
        var text = new StringBuilder();
        foreach (var contents in found.Where(static contents => contents.Partition is not null))
            text.Append("\n  ").Append(contents);
        return text.ToString();
    }
}
