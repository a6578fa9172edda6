using System.Globalization;
using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd.Handshake;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd.Kernel;

/// <summary>
/// A block device of the kernel, <c>/dev/nbdN</c>, that is served by this process. It ends in one of two ways:
/// <see cref="DisconnectAsync"/> takes it away from the kernel, <see cref="DisposeAsync"/> only lets go of it, so that a successor can
/// <see cref="ReviveAsync"/> it. The server must outlive it; the device that it serves stays the caller's.
/// </summary>
/// <remarks>
/// A socket that dies while the device is connected is replaced, whatever killed it: to the kernel the last one is the disk's cable.
/// Failures are <see cref="KernelDeviceException"/>s.
/// </remarks>
public sealed partial class KernelDevice : IAsyncDisposable
{
    /// <summary>How long a successor waits for the kernel to find out that the daemon before it is gone.</summary>
    private static readonly TimeSpan TakeOverTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TakeOverPause = TimeSpan.FromMilliseconds(100);

    /// <summary>At most one replacement in this time: what makes the kernel drop a socket at once may do so again.</summary>
    private static readonly TimeSpan ReplacementPause = TimeSpan.FromSeconds(1);

    private readonly NbdServer _server;
    private readonly string _name;
    private readonly IBlockDevice _device;
    private readonly KernelDeviceOptions _options;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly HashSet<NbdSession> _sessions = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _leaving = new();
    private readonly SemaphoreSlim _replacing = new(1);
    private long _lastReplacement = long.MinValue / 2;
    private int _sockets;

    private KernelDevice(NbdServer server, string name, IBlockDevice device, KernelDeviceOptions options, int index)
    {
        _server = server;
        _name = name;
        _device = device;
        _options = options;
        _logger = server.Logger;
        Index = index;
    }

    public int Index { get; }

    /// <summary><c>/dev/nbdN</c>. Nobody has made sure that the file exists.</summary>
    public string Path => KernelDriver.PathOf(Index);

    /// <summary>
    /// Completes, never with an error, when no socket is left and none can be put in its place: the device was disconnected, here or by
    /// anybody else, or let go.
    /// </summary>
    public Task Ended => _ended.Task;

    /// <summary>Makes the kernel connect a device that it picks. When this has failed, nothing is connected.</summary>
    /// <param name="server">Serves the requests, and ends them when it stops, which leaves the device to a successor.</param>
    /// <param name="name">What the log calls the device's export.</param>
    /// <param name="device">Only its whole sectors can be seen by the kernel.</param>
    /// <param name="options">The terms.</param>
    /// <param name="cancellationToken">Looked at before the kernel is asked; it answers at once.</param>
    public static async ValueTask<KernelDevice> ConnectAsync(
        NbdServer server, string name, IBlockDevice device, KernelDeviceOptions options, CancellationToken cancellationToken)
    {
        options = KernelTerms.Check(options, device.Info);
        return await Task.Run(
            () =>
            {
                using var sockets = new KernelSocketPairs(options.Connections);
                using var connection = KernelConnection.Open();
                var size = KernelTerms.VisibleSize(device.Info, options);
                var flags = ExportTerms.Flags(device.Info, ReplyStyle.Simple);
                var index = KernelMessages.ReadIndex(
                    connection.Request(
                        KernelCommand.Connect,
                        KernelMessages.Connect(size, flags, options, sockets.KernelDescriptors),
                        "connect an nbd device"));

                var connected = new KernelDevice(server, name, device, options, index);
                try
                {
                    connected.Serve(sockets.TakeHeld());
                    connected.SetRetryInterval();
                    if (options.BackendIdentifier.Length > 0 && KernelDriver.BackendOf(index) is null)
                        connected.LogNoIdentifier(connected.Path);
                    return connected;
                }
                catch
                {
                    connection.Request(KernelCommand.Disconnect, KernelMessages.Device(index), $"disconnect {connected.Path} again");
                    throw;
                }
            },
            cancellationToken);
    }

    /// <summary>
    /// Goes on serving a device whose daemon has ended, with a device that holds the same. Requests that wait are answered, as if
    /// nothing had happened but time.
    /// </summary>
    public static async ValueTask<KernelDevice> ReviveAsync(
        NbdServer server, string name, IBlockDevice device, int index, KernelDeviceOptions options, CancellationToken cancellationToken)
    {
        options = KernelTerms.Check(options, device.Info);
        KernelTerms.CheckSame(index, device.Info, options);
        var revived = new KernelDevice(server, name, device, options, index);
        await revived.OfferUntilTakenAsync(cancellationToken);
        return revived;
    }

    /// <summary>
    /// Takes the device away from the kernel. Requests that are under way fail, and so does whatever is mounted from it: whether it
    /// is in use is for the caller to find out before. Does nothing once <see cref="Ended"/> has completed: the device may be
    /// somebody else's by then.
    /// </summary>
    public async ValueTask DisconnectAsync(CancellationToken cancellationToken)
    {
        if (Ended.IsCompleted)
            return;

        await Task.Run(() => KernelDriver.Disconnect(Index), cancellationToken);
        await DisposeAsync();
    }

    /// <summary>
    /// Answers what has arrived, closes the sockets and leaves the device connected: its readers wait for a successor for
    /// <see cref="KernelDeviceOptions.DeadConnectionTimeout"/>, then their reads fail. After a <see cref="DisconnectAsync"/> there is
    /// nothing left to do.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        NbdSession[] sessions;
        lock (_gate)
            sessions = [.. _sessions];

        await _server.StopAsync(sessions);
        await Ended;
    }

    private void Serve(IReadOnlyList<Socket> sockets)
    {
        var served = 0;
        try
        {
            foreach (var socket in sockets)
            {
                Serve(socket);
                served++;
            }
        }
        catch
        {
            // No memory for one more thread. The kernel must not wait for answers on a socket that nobody reads.
            foreach (var socket in sockets.Skip(served))
                socket.Dispose();
            throw;
        }
    }

    private void Serve(Socket socket)
    {
        var peer = string.Create(CultureInfo.InvariantCulture, $"nbd{Index}#{Interlocked.Increment(ref _sockets)}");
        var session = _server.ServeKernel(socket, peer, _name, _device);
        lock (_gate)
            _sessions.Add(session);

        // A replacement that was under way when this object let go: it has not been told with the others.
        if (_leaving.IsCancellationRequested)
            session.Stop();
        _ = WatchAsync(session);
    }

    private async Task WatchAsync(NbdSession session)
    {
        await session.Ended;
        if (!session.HasSaidGoodbye && !session.IsStopping && !_leaving.IsCancellationRequested)
            await ReplaceAsync();

        lock (_gate)
        {
            _sessions.Remove(session);
            if (_sessions.Count == 0)
                _ended.TrySetResult();
        }
    }

    /// <summary>
    /// Gives the kernel a new socket for one that died. It refuses when the device is not connected any more, which is an end like
    /// any other.
    /// </summary>
    private async Task ReplaceAsync()
    {
        try
        {
            // Several sockets may die together: whoever comes first replaces them all.
            await _replacing.WaitAsync(_leaving.Token);
            try
            {
                if (!HasEverySession())
                    await ReplaceDeadAsync();
            }
            finally
            {
                _replacing.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody needs it any more.
        }
        catch (Exception e) when (e is IOException or SocketException or OutOfMemoryException or ThreadStartException)
        {
            LogNotReplaced(Path, e.Message);
        }
    }

    private async Task ReplaceDeadAsync()
    {
        var pause = ReplacementPause - TimeSpan.FromMilliseconds(Math.Min(Environment.TickCount64 - _lastReplacement, int.MaxValue));
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, _leaving.Token);

        _lastReplacement = Environment.TickCount64;
        LogReplaced(Path, await OfferUntilTakenAsync(_leaving.Token));
    }

    private bool HasEverySession()
    {
        lock (_gate)
            return _sessions.Count(session => !session.Ended.IsCompleted) >= _options.Connections;
    }

    /// <summary>
    /// The kernel takes new sockets only in place of such as it knows to be dead, and says nothing about those that it does not take.
    /// Returns how many it has taken.
    /// </summary>
    private async Task<int> OfferUntilTakenAsync(CancellationToken cancellationToken)
    {
        var end = Environment.TickCount64 + (long)TakeOverTimeout.TotalMilliseconds;
        while (true)
        {
            var taken = await Task.Run(OfferSockets, cancellationToken);
            if (taken > 0)
                return taken;
            if (Environment.TickCount64 > end)
                throw new KernelDeviceException($"{Path} is still served by another process; end that one first");

            await Task.Delay(TakeOverPause, cancellationToken);
        }
    }

    /// <summary>Offers the kernel as many sockets as there should be and serves those that it takes; returns their number.</summary>
    private int OfferSockets()
    {
        using var sockets = new KernelSocketPairs(_options.Connections);
        using var connection = KernelConnection.Open();
        connection.Request(
            KernelCommand.Reconfigure, KernelMessages.Reconfigure(Index, _options, sockets.KernelDescriptors), $"go on serving {Path}");
        var taken = sockets.TakeHeld();
        Serve(taken);
        SetRetryInterval();
        return taken.Count;
    }

    /// <summary>After every CONNECT and RECONFIGURE: both set it to 30 s.</summary>
    private void SetRetryInterval()
    {
        if (_options.RequestTimeout == TimeSpan.Zero && !KernelTerms.SetRetryInterval(Index, _options.RetryInterval))
            LogNoInterval(Path);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Device}: the kernel gave up a socket; it has taken {Sockets} new ones")]
    private partial void LogReplaced(string device, int sockets);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Device}: its sockets are closed and not replaced: {Reason}")]
    private partial void LogNotReplaced(string device, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device}: this kernel keeps no backend identifier, so that nobody can revive it")]
    private partial void LogNoIdentifier(string device);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device}: its io_timeout cannot be set; what a dead daemon leaves behind waits 30 s")]
    private partial void LogNoInterval(string device);
}
