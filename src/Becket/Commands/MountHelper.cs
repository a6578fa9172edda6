using Becket.Daemon;
using Becket.Mounting;
using Becket.Serving;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>
/// <c>mount.becket</c>, the helper that mount(8) runs for <c>-t becket</c> and for lines of fstab(5): the same program under another
/// name. Its exit statuses are those of mount(8).
/// </summary>
internal static class MountHelper
{
    private const string Name = "mount.becket";

    /// <summary>mount(8): incorrect invocation.</summary>
    private const int IncorrectInvocation = 1;

    /// <summary>mount(8): mount failure.</summary>
    private const int MountFailure = 32;

    /// <summary>Whether this process was started under the helper's name.</summary>
    public static bool IsCalled => Path.GetFileName(File.ReadAllText("/proc/self/cmdline").Split('\0')[0]) == Name;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stopping)
    {
        IReadOnlyList<string>? command;
        try
        {
            command = MountHelperLine.Translate(arguments, new MountCommand([]).Build().Options);
            // 'mount -a' cannot see by itself that a line was mounted: the mount table names the device, not the source.
            if (command is null || IsMounted(command))
                return ExitCode.Success;
        }
        catch (CommandException e)
        {
            await Journal.WriteLineAsync(LogLevel.Error, $"{Name}: {e.Message}");
            return StatusOf(e.ExitCode);
        }
        // Not as the whole program's command line: of that, the parser would take this process's name for the command's.
        var mount = new MountCommand(command).Build();
        mount.Options.Add(VerboseOption.Instance);
        return StatusOf(await ErrorEdge.RunAsync(mount.Parse([.. command.Skip(1)]), stopping));
    }

    public static int StatusOf(int exitCode) => exitCode switch
    {
        ExitCode.Success => ExitCode.Success,
        ExitCode.Usage => IncorrectInvocation,
        _ => MountFailure,
    };

    /// <summary>Whether this very source is mounted there and served.</summary>
    private static bool IsMounted(IReadOnlyList<string> command)
    {
        var (source, folder) = (MountSource.Parse(command[1], partition: null).Source.ToString(), MountPoint.Resolve(command[2]));
        return AttachmentFinder.At(folder) is { State: { } state } attachment
            && state.Source == source
            && attachment.IsHeld(StateLock.Server)
            && MountPoint.Occupant(folder) is not null;
    }
}
