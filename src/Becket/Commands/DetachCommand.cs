using System.CommandLine;
using Becket.Daemon;

namespace Becket.Commands;

/// <summary><c>becket detach</c>: takes a device back and ends its process; refused while somebody uses it.</summary>
internal sealed class DetachCommand
{
    private readonly Argument<string[]> _names = new("device")
    {
        Description = "Devices, such as /dev/nbd0; sources will do, too",
        HelpName = "DEVICE",
        Arity = ArgumentArity.ZeroOrMore,
    };
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
        return names.Length > 0
            ? await EachName.RunAsync(names, name => DetachAsync(AttachmentFinder.Find(name), cancellationToken))
            : await EachName.RunAsync(
                StateFolder.List().Select(static folder => folder.Id), id => DetachAsync(StateFolder.Open(id), cancellationToken));
    }

    private static async Task DetachAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        using var _ = folder;
        if (folder.State is not { } state)
            return; // it has ended meanwhile
        try
        {
            await AttachmentEnd.DetachAsync(folder, state, cancellationToken);
        }
        catch (CommandException e) when (state.MountPoint is { } mountPoint)
        {
            throw new CommandException($"{e.Message}; 'becket umount {mountPoint}' does both", inner: e);
        }
    }
}
