using Becket.Daemon;
using Becket.Mounting;
using Becket.Serving;
using Becket.Status;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

internal sealed partial class AttachmentRun
{
    /// <summary>Twenty seconds: several times before a service manager loses its patience.</summary>
    private const int TriesUntilToldAgain = 20;

    /// <summary>A port that is taken is no reason to leave readers waiting who were there before.</summary>
    private async Task<StatusServer?> StartStatusAsync(StatusBoard board, AttachmentState? before, CancellationToken stopping)
    {
        try
        {
            return await StatusServer.StartAsync(request.Status, board, loggers, stopping);
        }
        catch (CommandException e) when (before is not null)
        {
            LogNoStatus(e.Message);
            return null;
        }
    }

    /// <summary>Returns when the device is no longer wanted and nobody uses it.</summary>
    private async Task ServeAsync(IAttachedDevice attached, CancellationToken stopping)
    {
        using var done = new CancellationTokenSource();
        var stopped = new TaskCompletionSource();
        await using var registration = stopping.Register(stopped.SetResult);
        var unmounted = _state!.MountedDevice is not null
            ? WhenUnmountedAsync(attached, _state, done.Token)
            : Task.Delay(Timeout.Infinite, done.Token);

        var first = await Task.WhenAny(stopped.Task, _detach.Task, attached.Ended, unmounted);
        if (first == stopped.Task)
            await UnmountAsync(attached);
        await done.CancelAsync();
        await unmounted.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Completes when the file system is unmounted, by whomever, and the device is not in use elsewhere: a bind mount or a
    /// container may still hold it.
    /// </summary>
    private static async Task WhenUnmountedAsync(IAttachedDevice attached, AttachmentState state, CancellationToken cancellationToken)
    {
        await MountTable.WhileAsync(state.IsMounted, cancellationToken);
        while (attached.Node?.FindUser() is not null)
            await Task.Delay(RetryPause, cancellationToken);
    }

    /// <summary>
    /// Told to stop: unmounts, however long its users take, and says what it waits for at once and now and then. A second signal ends
    /// the process at once.
    /// </summary>
    private async Task UnmountAsync(IAttachedDevice attached)
    {
        for (var tries = 0; await TryUnmountAsync(attached) is { } user; tries++)
        {
            if (tries % TriesUntilToldAgain == 0)
            {
                LogWaitsForUsers(user);
                ServiceNotification.Status($"waiting for those who use the device: {user}");
            }
            await Task.Delay(RetryPause);
        }
    }

    /// <summary>Null when it is unmounted and nobody uses the device; otherwise what is in the way.</summary>
    private async Task<string?> TryUnmountAsync(IAttachedDevice attached)
    {
        try
        {
            if (_state!.IsMounted())
                await SystemMount.UnmountAsync(_state.MountPoint!, UnmountManner.Refuse, CancellationToken.None);
            return attached.Node?.FindUser();
        }
        catch (CommandException e)
        {
            return e.Message;
        }
    }

    private async Task UnmountQuietlyAsync()
    {
        try
        {
            if (_state is { MountedDevice: not null } state && state.IsMounted())
                await SystemMount.UnmountAsync(state.MountPoint!, UnmountManner.Lazy, CancellationToken.None);
        }
        catch (CommandException e)
        {
            LogWaitsForUsers(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "goes on without --status: {Reason}")]
    private partial void LogNoStatus(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "told to stop, and waiting for those who use the device: {User}; a second signal ends it at once")]
    private partial void LogWaitsForUsers(string user);
}
