using System.CommandLine;
using Becket.Daemon;
using Becket.Mounting;

namespace Becket.Commands;

/// <summary><c>becket umount</c>: unmounts, detaches the device, ends the process; when it returns nothing is left.</summary>
internal sealed class UmountCommand
{
    private readonly Argument<string[]> _names = new("folder")
    {
        Description = "Mount points; devices and sources will do, too",
        HelpName = "FOLDER",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _lazy = new("--lazy", "-l")
    {
        Description = "Take it out of sight now, end it when its last user is done",
    };

    public Command Build()
    {
        var command = new Command("umount", "Unmount, detach and end what 'becket mount' began") { _names, _lazy };
        command.Aliases.Add("unmount");
        command.SetAction(RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var manner = parsed.GetValue(_lazy) ? UnmountManner.Lazy : UnmountManner.Refuse;
        return EachName.RunAsync(parsed.GetValue(_names)!, name => UnmountAsync(name, manner, cancellationToken));
    }

    private static async Task UnmountAsync(string name, UnmountManner manner, CancellationToken cancellationToken)
    {
        using var folder = AttachmentFinder.Find(name);
        if (folder.State is not { } state)
            return; // it has ended meanwhile
        if (state.MountPoint is null)
        {
            throw new CommandException(
                $"{state.Source} is attached as {state.Device} and not mounted by becket; 'becket detach {state.Device}' detaches it");
        }
        if (state.IsMounted())
            await SystemMount.UnmountAsync(state.MountPoint, manner, cancellationToken);

        try
        {
            await AttachmentEnd.DetachAsync(folder, state, cancellationToken);
        }
        catch (CommandException e) when (manner == UnmountManner.Lazy)
        {
            await Console.Error.WriteLineAsync(
                $"becket: {state.Source} is out of sight and still served: {e.Message}; it ends by itself when its last user is done");
        }
    }
}
