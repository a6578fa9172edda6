using Becket.Attaching;

namespace Becket.Daemon;

/// <summary>Asks every attachment how it is.</summary>
internal static class AttachmentList
{
    /// <summary>A process that does not answer in this time is stopped, or its machine is out of memory.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>By number; those whose process is dead or silent are in it, too.</summary>
    public static async Task<IReadOnlyList<AttachmentStatus>> TakeAsync(CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(StateFolder.List().Select(folder => TakeAsync(folder, cancellationToken)))).OfType<AttachmentStatus>()];

    private static async Task<AttachmentStatus?> TakeAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            if (await ControlClient.AskAsync(folder.ControlSocket, ControlVerb.Status, patience.Token) is { Status: { } status })
                return status;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return folder.State is { } silent
                ? AttachmentStatus.Of(folder, silent, HealthState.Waiting, $"process {silent.Process} does not answer")
                : null;
        }
        return folder.State is { } state ? WithoutServer(folder, state) : null;
    }

    private static AttachmentStatus WithoutServer(StateFolder folder, AttachmentState state)
    {
        if (folder.IsAttended)
            return AttachmentStatus.Of(folder, state, HealthState.Waiting, "its process is starting or ending");
        var end = state.Via == AttachmentMethod.Nbd ? "its reads wait" : "its files cannot be read";
        return AttachmentStatus.Of(
            folder,
            state,
            HealthState.Dead,
            $"process {state.Process} has died and {end}; 'becket restart {state.MountPoint ?? state.Device}' starts another one, "
            + "'becket umount' or 'detach' clears it");
    }
}
