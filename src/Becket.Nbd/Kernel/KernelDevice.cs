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
    private int _replacing;
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
                using var sockets = new SocketList(options.Connections);
                using var connection = KernelConnection.Open();
                var size = KernelTerms.VisibleSize(device.Info, options);
                var flags = ExportTerms.Flags(device.Info, ReplyStyle.Simple);
                var index = KernelMessages.ReadIndex(
                    connection.Request(
                        KernelCommand.Connect,
                        KernelMessages.Connect(size, flags, options, sockets.Descriptors),
                        "connect an nbd device"));

                var connected = new KernelDevice(server, name, device, options, index);
                try
                {
                    connected.Serve(sockets.TakeHeld());
                    connected.FinishTerms();
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
        revived.FinishTerms();
        return revived;
    }

    /// <summary>
    /// Takes the device away from the kernel. Requests that are under way fail, and so does whatever is mounted from it: whether it is
    /// in use is for the caller to find out before. Does nothing once <see cref="Ended"/> has completed, when the device may be somebody else's.
    /// </summary>
    public async ValueTask DisconnectAsync(CancellationToken cancellationToken)
    {
        if (Ended.IsCompleted)
            return;

        await _leaving.CancelAsync();
        await Task.Run(() => KernelDriver.Disconnect(Index), cancellationToken);
        await LetGoAsync();
    }

    /// <summary>
    /// Answers what has arrived, closes the sockets and leaves the device connected: for <see cref="KernelDeviceOptions.DeadConnectionTimeout"/>
    /// its readers wait for a successor, then their reads fail. After a <see cref="DisconnectAsync"/> there is nothing left to do.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await LetGoAsync();
    }

    private async Task LetGoAsync()
    {
        NbdSession[] sessions;
        lock (_gate)
            sessions = [.. _sessions];

        await _server.StopAsync(sessions);
        await Ended;
    }

    private void Serve(IReadOnlyList<Socket> sockets)
    {
        foreach (var socket in sockets)
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
    /// Gives the kernel a new socket for one that died. It refuses when the device is not connected any more, which is an end like any
    /// other, and takes none when its own are all alive.
    /// </summary>
    private async Task ReplaceAsync()
    {
        // Several sockets may die together: whoever comes first offers as many as there were.
        if (Interlocked.Exchange(ref _replacing, 1) != 0)
            return;

        try
        {
            var pause = ReplacementPause - TimeSpan.FromMilliseconds(Math.Min(Environment.TickCount64 - _lastReplacement, int.MaxValue));
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _leaving.Token);

            _lastReplacement = Environment.TickCount64;
            LogReplaced(Path, await OfferUntilTakenAsync(_leaving.Token));
        }
        catch (OperationCanceledException)
        {
            // Nobody needs it any more.
        }
        catch (KernelDeviceException e)
        {
            LogNotReplaced(Path, e.Message);
        }
        finally
        {
            Volatile.Write(ref _replacing, 0);
        }
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
        using var sockets = new SocketList(_options.Connections);
        using var connection = KernelConnection.Open();
        connection.Request(
            KernelCommand.Reconfigure, KernelMessages.Reconfigure(Index, _options, sockets.Descriptors), $"go on serving {Path}");
        var taken = sockets.TakeHeld();
        Serve(taken);
        return taken.Count;
    }

    private void FinishTerms()
    {
        if (_options.BackendIdentifier.Length > 0 && KernelDriver.BackendOf(Index) is null)
            LogNoIdentifier(Path);
        if (_options.RequestTimeout == TimeSpan.Zero && !KernelTerms.SetRetryInterval(Index, _options.RetryInterval))
            LogNoInterval(Path);
    }

    /// <summary>The pairs of sockets that are offered to the kernel together.</summary>
    private sealed class SocketList : IDisposable
    {
        private readonly List<KernelSocketPair> _pairs = [];

        public SocketList(int count)
        {
            try
            {
                while (_pairs.Count < count)
                    _pairs.Add(KernelSocketPair.Create());
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public IEnumerable<int> Descriptors => _pairs.Select(pair => pair.KernelDescriptor);

        /// <summary>Our ends of those that the kernel has taken.</summary>
        public IReadOnlyList<Socket> TakeHeld()
        {
            foreach (var pair in _pairs)
                pair.CloseKernelEnd();

            return [.. _pairs.Where(pair => pair.IsHeldByKernel()).Select(pair => pair.TakeOurEnd())];
        }

        public void Dispose()
        {
            foreach (var pair in _pairs)
                pair.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Device}: the kernel gave up a socket; it has taken {Sockets} new ones")]
    private partial void LogReplaced(string device, int sockets);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Device}: its sockets are closed and not replaced: {Reason}")]
    private partial void LogNotReplaced(string device, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device}: this kernel keeps no backend identifier; no other process can revive the device")]
    private partial void LogNoIdentifier(string device);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Device}: the kernel's io_timeout cannot be set; requests that a dead daemon leaves behind wait 30 s")]
    private partial void LogNoInterval(string device);
}
