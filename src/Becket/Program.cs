using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Becket;
using Becket.Commands;

var root = new RootCommand("becket - loop mount objects: serve an object in S3, a URL or a file as a block device")
{
    new ServeCommand().Build(),
    new InfoCommand().Build(),
    new DevS3Command().Build(),
    CompletionsCommand.Build(),
};
root.Options.Add(VerboseOption.Instance);
root.SetAction((Func<ParseResult, int>)(_ => throw CommandException.Usage("say what to do; 'becket --help' shows how")));
foreach (var option in root.Options)
{
    if (option is HelpOption help)
        help.Action = new ExamplesFirstHelp((HelpAction)help.Action!);
    else if (option is VersionOption version)
        version.Action = new VersionAction();
}

using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

return await ErrorEdge.RunAsync(root.Parse(args), stopping.Token);

// The first signal ends the program in order; the second one at once.
void Stop(PosixSignalContext context)
{
    if (stopping.IsCancellationRequested)
        return;
    context.Cancel = true;
    stopping.Cancel();
}
