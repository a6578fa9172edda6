using System.CommandLine;
using System.CommandLine.Help;

namespace Becket.Commands;

/// <summary>All the commands there are.</summary>
internal static class CommandTree
{
    public static ParseResult Parse(string[] arguments)
    {
        var root = Root(
        [
            new MountCommand(arguments).Build(),
            new AttachCommand(arguments).Build(),
            new UmountCommand().Build(),
            new DetachCommand().Build(),
            ListCommand.Build(),
            RestartCommand.Build(),
            new ServeCommand().Build(),
            new InfoCommand().Build(),
            new VerifyCommand().Build(),
            new DevS3Command().Build(),
            new InstallSystemdCommand().Build(),
            CompletionsCommand.Build(),
            BackgroundCommands.Supervise(),
            BackgroundCommands.Serve(),
            BackgroundCommands.AttachLoop(),
            BackgroundCommands.PrepareDisk(),
        ]);
        root.SetAction((Func<ParseResult, int>)(_ => throw CommandException.Usage("say what to do; 'becket --help' shows how")));
        return root.Parse(arguments);
    }

    /// <summary>A program of some commands, with the options that all have.</summary>
    public static RootCommand Root(IEnumerable<Command> commands)
    {
        var root = new RootCommand("becket - loop mount objects: an object in S3, a URL or a file becomes a block device");
        foreach (var command in commands)
            root.Subcommands.Add(command);
        root.Options.Add(VerboseOption.Instance);
        foreach (var option in root.Options)
        {
            if (option is HelpOption help)
                help.Action = new ExamplesFirstHelp((HelpAction)help.Action!);
            else if (option is VersionOption version)
                version.Action = new VersionAction();
        }
        return root;
    }
}
