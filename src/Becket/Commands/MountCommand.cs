using System.CommandLine;
using Becket.Attaching;
using Becket.Daemon;
using Becket.Mounting;
using Becket.Sources;

namespace Becket.Commands;

/// <summary><c>becket mount</c>: from an object to a mounted file system in one step.</summary>
internal sealed class MountCommand(IReadOnlyList<string> arguments) : AttachingCommand(arguments)
{
    private const string NeedsNetwork = "_netdev";

    private readonly Argument<string> _source = new("source")
    {
        Description = "s3://bucket/key, https://host/file, a local file; #2 at its end: the second partition",
        HelpName = "SOURCE",
    };
    private readonly Argument<string> _folder = new("folder") { Description = "The mount point", HelpName = "FOLDER" };
    private readonly Option<int?> _partition = new("--partition")
    {
        Description = "The partition to mount; 0: the whole device",
        HelpName = "N",
    };
    private readonly Option<string[]> _options = new("--options", "-o")
    {
        Description = "Options for mount(8), such as noatime,uid=1000",
        HelpName = "OPTIONS",
    };

    public override Command Build()
    {
        var command = new Command("mount", "Mount the file system in an object, a URL or a file, read-only")
        {
            _source, _folder, _partition, _options,
        };
        Options.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    public override AttachmentRequest Read(ParseResult parsed)
    {
        if (parsed.GetValue(_partition) is < 0)
            throw CommandException.Usage("--partition takes the number of a partition, or 0 for the whole device");
        var options = (parsed.GetValue(_options) ?? [])
            .SelectMany(static text => text.Split(',', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        if (options.Contains("rw"))
            throw CommandException.Usage("-o rw: becket mounts read-only; objects cannot be written yet");
        var (source, partition) = MountSource.Parse(parsed.GetValue(_source)!, parsed.GetValue(_partition));
        // The kernel's table shows a disk. By this word, which mount(8) remembers, systemd knows that it ends before the network does.
        if (source is not DeviceSource.LocalFile && !options.Contains(NeedsNetwork))
            options.Add(NeedsNetwork);
        return Options.Read(parsed, source) with
        {
            Partition = partition,
            MountPoint = MountPoint.Resolve(parsed.GetValue(_folder)!),
            MountOptions = options,
        };
    }

    protected override void PrintText(TextWriter output, StartReport report)
    {
        // Silent on success, as mount(8) is; the image's file is what nobody could guess.
        if (report.FileSystem is null)
            output.WriteLine(report.Device);
    }
}
