using Becket.Blocks;
using Becket.Daemon;
using Becket.Fuse;
using Becket.Mounting;
using Becket.Sources;
using Becket.Status;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>
/// One attachment from its beginning to its end, in this process: open the source, attach it, mount it, serve until it is no
/// longer wanted, take everything back. What fails on the way up is undone and thrown.
/// </summary>
/// <param name="request">What is wanted.</param>
/// <param name="folder">Its state; this run holds the server's lock in it.</param>
/// <param name="memory">What is saved for a restart beyond the request.</param>
/// <param name="loggers">Where problems go.</param>
internal sealed partial class AttachmentRun(AttachmentRequest request, StateFolder folder, RestartMemory memory, ILoggerFactory loggers)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<AttachmentRun>();
    private readonly TaskCompletionSource _detach = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _remarks = [];
    private AttachmentState? _state;

    /// <summary>Serves until the device is detached, unmounted or <paramref name="stopping"/> fires.</summary>
    /// <param name="started">Told once, when the device can be used.</param>
    /// <param name="stopping">Unmounts and detaches first.</param>
    public async Task RunAsync(Action<StartReport> started, CancellationToken stopping)
    {
        var before = folder.State;
        if (before is { Via: AttachmentMethod.Fuse })
        {
            // Nothing of a FUSE file survives its process: its mounts are dead, and a new one takes their place.
            await Leftovers.ClearAsync(before, folder, CancellationToken.None);
            folder.Save(before with { IsBeingRemounted = true });
            before = null;
        }
        else if (before is null)
        {
            await Leftovers.ClearUnsavedAsync(folder, CancellationToken.None); // of one that was killed while it began
        }
        using var claim = before is null && request.MountPoint is { } mountPoint ? MountClaim.Take(mountPoint, folder) : null;

        using var opener = new SourceOpener(request.Store, loggers)
        {
            WarmConnections = SourceOpener.WarmToServe,
            ReadDeadline = request.IoTimeout,
        };
        using var cache = new SourceCache(request.Cache, loggers);
        var board = new StatusBoard();
        await using var statusServer = await StartStatusAsync(board, before, stopping);
        using var otlp = OtlpExport.Start(board, statusServer is null ? null : request.Status);
        var served = await OpenAsync(opener, cache, before, stopping);
        // Off the thread that completes sockets: from here on there are calls that wait for the kernel, which waits for us.
        await Task.Yield();
        await using var device = served.Device;
        using var shown = board.Show([new ShownExport(request.Source.ToString(), request.Source.ToString(), served)], opener, cache);
        await using var attached = await DeviceAttacher.AttachAsync(request, served, folder, before, loggers, stopping);
        var status = new StatusReport(folder, served, attached, statusServer?.Location);
        IReadOnlyList<string> nodes = [];
        try
        {
            if (attached.Node is { } node)
                nodes = await node.SettleAsync(stopping);
            Save(served, attached, before, nodes);
            if (before?.MountPoint is null)
                await MountAsync(attached, stopping);
            claim?.Dispose(); // whoever comes now finds the mount
            await using var control = new ControlServer(folder.ControlSocket, asked => Answer(asked, attached, status));
            LogServing(request.Source, _state!.Device);
            board.Server = attached.Server;
            board.Phase = ServingPhase.Serving;
            started(ToReport(attached));
            await ServeAsync(attached, stopping);
        }
        catch
        {
            await UnmountQuietlyAsync();
            await attached.DetachAsync();
            BlockNode.RemoveNodes(nodes);
            throw;
        }
        await attached.DetachAsync();
        BlockNode.RemoveNodes(_state!.Nodes);
        LogEnded(request.Source);
    }

    /// <summary>
    /// Opens the source. Taking over a device whose readers wait, it tries until the source can be opened, and puts a device that
    /// only fails where the object has become another one.
    /// </summary>
    private async Task<ServedDevice> OpenAsync(SourceOpener opener, SourceCache cache, AttachmentState? before, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var served = await DeviceStack.OpenAsync(
                    request.Source.ToString(), request.Source, FileAccess.Read, opener, cache, stopping);
                // So that a source that can be looked up but not read says so,
                // and the kernel finds at hand what it cannot be stopped waiting for.
                if (before is null)
                    await PartitionTables.FetchAsync(served.Device, stopping);
                if (before is null || before.Identity == served.Identity)
                    return served;
                await served.Device.DisposeAsync();
                return await OpenReplacedAsync(before, stopping);
            }
            catch (IOException e) when (before is not null)
            {
                LogStillAway(request.Source, e.Message);
                await Task.Delay(RetryPause, stopping);
            }
        }
    }

    private async Task<ServedDevice> OpenReplacedAsync(AttachmentState before, CancellationToken stopping)
    {
        var served = DeviceStack.Over(before.Source, new ReplacedDevice(before.Source, before.Size), before.Identity, loggers);
        try
        {
            await served.Device.ReadAsync(0, new byte[1], stopping);
        }
        catch (BlockDeviceException e)
        {
            LogReplaced(e.Message); // and its health tells the same before anybody else has read
        }
        return served;
    }

    private async Task MountAsync(IAttachedDevice attached, CancellationToken stopping)
    {
        if (request.MountPoint is not { } mountPoint || attached.Node is not { } node)
            return;
        var source = request.Source.ToString();
        var chosen = FileSystemChoice.Choose(source, await ContentProbe.ProbeAsync(node, stopping), request.Partition);
        if (await SystemMount.MountAsync(source, chosen, mountPoint, request.MountOptions, stopping) is { } remark)
            _remarks.Add(remark);
        _state = _state! with { MountPoint = mountPoint, FileSystem = chosen.Type, MountedDevice = chosen.Device };
        folder.Save(_state);
    }

    private void Save(ServedDevice served, IAttachedDevice attached, AttachmentState? before, IReadOnlyList<string> nodes)
    {
        _state = new AttachmentState
        {
            Source = request.Source.ToString(),
            Identity = served.Identity,
            Size = served.Device.Info.Size,
            Via = attached.Method,
            Device = attached.Path,
            // A raw image file is mounted by being attached.
            MountPoint = before?.MountPoint ?? (attached.Node is null ? request.MountPoint : null),
            FileSystem = before?.FileSystem,
            MountedDevice = before?.MountedDevice,
            Process = Environment.ProcessId,
            Supervisor = memory.Supervisor,
            Started = TimeProvider.System.GetUtcNow(),
            Arguments = memory.Arguments,
            Folder = memory.Folder,
            Environment = memory.Environment,
            Log = memory.Log,
            Nodes = [.. before?.Nodes ?? [], .. nodes],
        };
        folder.Save(_state);
    }

    private StartReport ToReport(IAttachedDevice attached) => new()
    {
        Device = attached.Path,
        Partitions = [.. (attached.Node?.Partitions() ?? []).Select(static partition => partition.Path)],
        MountPoint = _state!.MountPoint,
        FileSystem = _state.FileSystem,
        Remarks = _remarks,
    };

    private ControlReply Answer(ControlRequest asked, IAttachedDevice attached, StatusReport status)
    {
        if (asked.Verb == ControlVerb.Status)
            return new ControlReply { Status = status.Take(_state!) };
        if (attached.Node is { } node && node.FindUser() is { } user)
            return new ControlReply { Refusal = user };
        if (attached.Node is null && _state!.IsMounted())
            return new ControlReply { Refusal = $"its file is mounted on {_state.MountPoint}" };
        _detach.TrySetResult();
        return ControlReply.Done;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Source} is {Device}")]
    private partial void LogServing(DeviceSource source, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Source} is detached")]
    private partial void LogEnded(DeviceSource source);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}")]
    private partial void LogReplaced(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Source} cannot be opened, and its readers wait: {Reason}")]
    private partial void LogStillAway(DeviceSource source, string reason);
}
