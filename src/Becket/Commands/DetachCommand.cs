using System.CommandLine;
using Becket.Daemon;

namespace Becket.Commands;

/// <summary><c>becket detach</c>: takes a device back and ends its process; refused while somebody uses it.</summary>
internal sealed class DetachCommand
{
    private readonly Argument<string[]> _names = new("device") { Description = "Devices, such as /dev/nbd0; sources will do, too", HelpName = "DEVICE", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _all = new("--all", "-a") { Description = "Everything that is attached and not in use" };

    public Command Build()
    {
        var command = new Command("detach", "Take back the device that 'becket attach' made") { _names, _all };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var names = parsed.GetValue(_names)!;
        if (names.Length == 0 != parsed.GetValue(_all))
            throw CommandException.Usage("detach takes the name of a device, or --all");

        var refused = 0;
        IEnumerable<Func<StateFolder>> wanted = names.Length == 0
            ? StateFolder.List().Select(static folder => (Func<StateFolder>)(() => folder))
            : names.Select(static name => (Func<StateFolder>)(() => AttachmentFinder.Find(name)));
        foreach (var find in wanted)
        {
            AttachmentState? state = null;
            try
            {
                using var folder = find();
                state = folder.State;
                if (state is not null)
                    await AttachmentEnd.DetachAsync(folder, state, cancellationToken);
            }
            catch (CommandException e)
            {
                await Console.Error.WriteLineAsync($"becket: {e.Message}{Advice(state)}");
                refused++;
            }
        }
        return refused == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Advice(AttachmentState? state) => state?.MountPoint is { } mountPoint ? $"; 'becket umount {mountPoint}' does both" : "";
}
