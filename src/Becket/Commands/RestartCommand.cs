using System.CommandLine;
using Becket.Attaching;
using Becket.Daemon;

namespace Becket.Commands;

/// <summary>
/// <c>becket restart</c>: puts a new process in the place of one that has died, or of one that runs, as after an upgrade. An nbd
/// device and its mount stay, and their reads wait meanwhile.
/// </summary>
internal static class RestartCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Command Build()
    {
        var name = new Argument<string>("name") { Description = "A mount point, a device or a source", HelpName = "NAME" };
        var command = new Command("restart", "Start a new process for what is attached; its nbd device and mounts stay") { name };
        command.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(name)!, stopping));
        return command;
    }

    private static async Task<int> RunAsync(string name, CancellationToken stopping)
    {
        using var folder = AttachmentFinder.Find(name);
        if (folder.State is not { } state)
            throw Gone(name);
        if (state.Arguments is null)
        {
            throw new CommandException(
                $"{state.Source} was given with a signature or password, which is not kept; 'becket umount' it and mount it again");
        }
        if (state.Supervisor is null && folder.IsHeld(StateLock.Server))
        {
            throw new CommandException(
                $"{state.Source} is served in the foreground, by process {state.Process}: "
                + "restart that, or its service (systemctl restart)");
        }
        if (state.Via != AttachmentMethod.Nbd && folder.IsHeld(StateLock.Server))
        {
            throw new CommandException(
                $"{state.Source} is attached through FUSE, which does not outlive its process; 'becket umount' it and mount it again");
        }
        await KillAsync(folder, state, stopping);

        var plan = new DaemonPlan
        {
            Arguments = state.Arguments,
            Id = folder.Id,
            LogFile = state.Log is { } log && log.StartsWith('/') ? log : null,
        };
        var report = await BackgroundStart.RunAsync(plan, state.Source, state.Folder, state.Environment, stopping);
        return report.Failure is null ? ExitCode.Success : throw new CommandException(report.Failure, report.ExitCode);
    }

    /// <summary>
    /// At once, and the supervisor first: ended in order, they would take the device with them. A server that the supervisor was just
    /// starting comes to light when it saves its state.
    /// </summary>
    private static async Task KillAsync(StateFolder folder, AttachmentState state, CancellationToken stopping)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (folder.IsAttended)
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw new CommandException($"the process {state.Process} that serves {state.Source} does not end");
            if (folder.State is not { } now || !AttachmentEnd.IsSame(now, state))
                throw Gone(state.Source);
            state = now;
            if (state.Supervisor is { } supervisor && folder.IsHeld(StateLock.Supervisor) && AttachmentEnd.IsAlive(supervisor))
                _ = Posix.Kill(supervisor, Posix.SigKill);
            if (folder.IsHeld(StateLock.Server) && AttachmentEnd.IsAlive(state.Process))
                _ = Posix.Kill(state.Process, Posix.SigKill);
            await Task.Delay(TimeSpan.FromMilliseconds(10), stopping);
        }
    }

    private static CommandException Gone(string name) => new($"{name} has been detached in this moment");
}
