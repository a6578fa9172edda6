using Becket.Attaching;

namespace Becket.Daemon;

/// <summary>
/// Has an attachment's process detach and end, and waits until nothing of it is left; does it itself where the process is dead.
/// </summary>
internal static class AttachmentEnd
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="folder">Its folder.</param>
    /// <param name="state">What was in it when it was found; by now it may have ended, and its number may be another's.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="CommandException">It is in use, or does not end.</exception>
    public static async Task DetachAsync(StateFolder folder, AttachmentState state, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            if (folder.State is { } now && !IsSame(now, state))
            {
                await WhenEndedAsync(state, started, cancellationToken);
                return;
            }
            var reply = await ControlClient.AskAsync(folder.ControlSocket, ControlVerb.Detach, cancellationToken);
            if (reply is { Refusal: { } refusal })
                throw new CommandException($"{state.Source} cannot be detached: {refusal}");
            if (reply is not null)
            {
                await WhenEndedAsync(state, started, cancellationToken);
                return;
            }
            if (!folder.IsAttended && folder.State is null)
            {
                await WhenEndedAsync(state, started, cancellationToken); // by itself, and it is at its last steps
                return;
            }
            if (await TryClearAsync(folder, state, cancellationToken))
                return;
            await Task.Delay(Pause, cancellationToken); // it starts, restarts, ends or is cleared just now
        }
        throw DoesNotEnd(state);
    }

    /// <summary>Clears what a dead process has left. Under its locks, so that nobody else clears it too or takes it over.</summary>
    private static async Task<bool> TryClearAsync(StateFolder folder, AttachmentState state, CancellationToken cancellationToken)
    {
        if (!folder.TryLock(StateLock.Supervisor, StateLock.Server))
            return false;
        using (folder)
        {
            if (folder.State is not { } now || !IsSame(now, state))
                return false;
            await Leftovers.RemoveAsync(folder, cancellationToken);
            return true;
        }
    }

    /// <summary>Waits until the process and its supervisor have ended.</summary>
    /// <exception cref="CommandException">They do not, within a time that counts from <paramref name="started"/>.</exception>
    public static async Task WhenEndedAsync(AttachmentState state, long started, CancellationToken cancellationToken)
    {
        while (IsAlive(state.Process) || (state.Supervisor is { } supervisor && IsAlive(supervisor)))
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw DoesNotEnd(state);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>A process that has taken over has the same supervisor.</summary>
    public static bool IsSame(AttachmentState now, AttachmentState before) =>
        now.Process == before.Process || (now.Supervisor is not null && now.Supervisor == before.Supervisor);

    /// <summary>
    /// Whether it runs: one that nobody has collected does not, unless threads of it are still ending and have its files open; and another
    /// program may have its number by now.
    /// </summary>
    public static bool IsAlive(int process)
    {
        try
        {
            // 4711 (name) S ...
            var status = File.ReadAllText($"/proc/{process}/stat");
            return status.Contains("(becket)", StringComparison.Ordinal)
                && (status[status.LastIndexOf(')') + 2] != 'Z' || Directory.GetDirectories($"/proc/{process}/task").Length > 1);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static CommandException DoesNotEnd(AttachmentState state) =>
        new(
            $"the process {state.Process} that serves {state.Source} does not end; "
            + $"its log says why{(state.Log is null ? "" : $": {state.Log}")}");
}
