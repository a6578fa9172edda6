using Becket.Attaching;

namespace Becket.Daemon;

/// <summary>Has an attachment's process detach and end, and waits until nothing of it is left; does it itself where the process is dead.</summary>
internal static class AttachmentEnd
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <exception cref="CommandException">It is in use, or does not end.</exception>
    public static async Task DetachAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        if (folder.State is not { } state)
            return;
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            var reply = await ControlClient.AskAsync(folder.ControlSocket, ControlVerb.Detach, cancellationToken);
            if (reply is { Refusal: { } refusal })
                throw new CommandException($"{state.Source} cannot be detached: {refusal}");
            if (reply is not null)
            {
                await WhenGoneAsync(folder, state, started, cancellationToken);
                return;
            }
            if (!folder.IsHeld(StateLock.Server) && !folder.IsHeld(StateLock.Supervisor))
            {
                if (folder.State is not null)
                    await Leftovers.RemoveAsync(state, folder, cancellationToken);
                return;
            }
            await Task.Delay(Pause, cancellationToken); // it starts, restarts or ends just now
        }
        throw DoesNotEnd(state);
    }

    /// <summary>Waits until the process and its supervisor have ended and their folder is gone.</summary>
    public static async Task WhenGoneAsync(StateFolder folder, AttachmentState state, long started, CancellationToken cancellationToken)
    {
        while (folder.IsHeld(StateLock.Server) || folder.IsHeld(StateLock.Supervisor) || IsAlive(state.Process) || (state.Supervisor is { } supervisor && IsAlive(supervisor)))
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw DoesNotEnd(state);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Whether it runs: one that nobody has collected does not, and another program may have its number by now.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            // 4711 (name) S ...
            var status = File.ReadAllText($"/proc/{process}/stat");
            return status.Contains("(becket)", StringComparison.Ordinal) && status[status.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static CommandException DoesNotEnd(AttachmentState state) =>
        new($"the process {state.Process} that serves {state.Source} does not end; its log says why{(state.Log is null ? "" : $": {state.Log}")}");
}
