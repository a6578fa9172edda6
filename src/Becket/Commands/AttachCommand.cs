using System.CommandLine;
using Becket.Attaching;
using Becket.Daemon;
using Becket.Sources;

namespace Becket.Commands;

/// <summary><c>becket attach</c>: makes a source a block device and prints its name, then those of its partitions.</summary>
internal sealed class AttachCommand(IReadOnlyList<string> arguments) : AttachingCommand(arguments)
{
    private readonly Argument<string> _source = new("source")
    {
        Description = "s3://bucket/key, https://host/file, a local file",
        HelpName = "SOURCE",
    };

    public override Command Build()
    {
        var command = new Command("attach", "Make an object, a URL or a file a block device of this machine, read-only") { _source };
        Options.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    public override AttachmentRequest Read(ParseResult parsed)
    {
        // A partition is chosen by who uses the device.
        var source = MountSource.Parse(parsed.GetValue(_source)!, partition: 0).Source;
        if (!Environment.IsPrivilegedProcess)
        {
            throw new CommandException(
                "a block device needs root: run it with sudo; "
                + $"'becket mount --via fuse {source} FOLDER' gives the image as a file without");
        }
        return Options.Read(parsed, source);
    }

    protected override void PrintText(TextWriter output, StartReport report)
    {
        output.WriteLine(report.Device);
        foreach (var partition in report.Partitions)
            output.WriteLine(partition);
    }
}
