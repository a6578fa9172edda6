using System.Globalization;

namespace Becket.Sources;

/// <summary>A source and the partition that is meant: <c>s3://bucket/disk.img#2</c>.</summary>
/// <param name="Source">A local file has its full path, since a process that takes over may stand elsewhere.</param>
/// <param name="Partition">Null where none was named; 0 for the whole device.</param>
internal sealed record MountSource(DeviceSource Source, int? Partition)
{
    /// <param name="text">The source as it was typed.</param>
    /// <param name="partition">A partition that was named apart. Then the text is taken as it is: a key may end in <c>#2</c>.</param>
    /// <exception cref="CommandException">The text is no source that can be attached.</exception>
    public static MountSource Parse(string text, int? partition)
    {
        if (partition is null && SplitPartition(text) is var (before, number))
            (text, partition) = (before, number);
        return DeviceSource.Parse(text) switch
        {
            DeviceSource.Nbd nbd => throw CommandException.Usage($"{nbd} is served already; attach it with nbd-client(8)"),
            DeviceSource.LocalFile file => new MountSource(new DeviceSource.LocalFile(Path.GetFullPath(file.Path)), partition),
            var source => new MountSource(source, partition),
        };
    }

    private static (string Text, int Partition)? SplitPartition(string text)
    {
        var mark = text.LastIndexOf('#');
        return mark > 0 && int.TryParse(text.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (text[..mark], number)
            : null;
    }
}
