using Becket.Blocks;
using Becket.Fuse.Mounting;
using Becket.Fuse.Session;
using Microsoft.Extensions.Logging;

namespace Becket.Fuse;

/// <summary>
/// A device as the one file of a mounted folder. The device stays the caller's and must outlive this. This process must never look
/// at <see cref="Path"/> on a thread that the device's answers need: the look waits for an answer from this process.
/// </summary>
public sealed partial class FuseFile : IAsyncDisposable
{
    /// <summary>How long somebody who is about to close the file is waited for, such as a loop device that was just detached.</summary>
    private static readonly TimeSpan PoliteTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PoliteRetry = TimeSpan.FromMilliseconds(20);

    private readonly FuseMount _mount;
    private readonly FuseSession _session;
    private readonly TimeSpan _drainTimeout;
    private readonly ILogger _logger;
    private Task? _disposal;
    private readonly Lock _gate = new();

    private FuseFile(FuseMount mount, FuseSession session, FuseFileOptions options, ILogger logger)
    {
        _mount = mount;
        _session = session;
        _drainTimeout = options.DrainTimeout;
        _logger = logger;
        Path = System.IO.Path.Combine(mount.Folder, options.FileName);
    }

    /// <summary>The file: the folder without links, and the name.</summary>
    public string Path { get; }

    /// <summary>Completes when the kernel has let go of the mount, whoever unmounted it. Never fails.</summary>
    public Task Ended => _session.Ended;

    /// <summary>Mounts a folder, which then has the device as its one file. Without root it takes fusermount3.</summary>
    /// <exception cref="FuseException">It cannot be done; the sentence says why and what to do.</exception>
    public static FuseFile Mount(IBlockDevice device, string folder, FuseFileOptions options, ILogger logger)
    {
        CheckOptions(options);
        CheckDevice(device);
        var session = new FuseSession(device, options, logger);
        var (mount, channel) = FuseMount.Create(folder, MountOptions.For(device, options.Source, FuseSession.MaximumTransfer));
        session.Start(channel);
        mount.TrySetReadAhead(options.ReadAhead);
        return new FuseFile(mount, session, options, logger);
    }

    /// <summary>
    /// Unmounts. Whoever uses the file gets a moment to leave; after that requests fail, those that are with the device are waited
    /// for and then cancelled, each for <see cref="FuseFileOptions.DrainTimeout"/> at most, and the mount is taken away.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task disposal;
        lock (_gate)
            disposal = _disposal ??= Task.Run(UnmountAsync);
        await disposal;
    }

    private async Task UnmountAsync()
    {
        if (!await LeavesPolitelyAsync())
        {
            LogStillUsed(Path);
            _session.Refuse();
            if (!await _session.WaitUntilIdleAsync(_drainTimeout))
                _session.Cancel();
            await _session.WaitUntilIdleAsync(_drainTimeout);
            await _mount.TryUnmountAsync(UnmountManner.Forced, _logger);
        }

        // The kernel lets go when the last user closes the file. Until then it gets errors, from threads that end with the process.
        _session.Refuse();
        if (!await Deadline.CompletesWithinAsync(_session.Ended, PoliteTime))
            LogLeftBehind(Path);
        if (!await _session.WaitUntilIdleAsync(_drainTimeout))
        {
            _session.Cancel();
            if (!await _session.WaitUntilIdleAsync(_drainTimeout))
                return;
        }
        _session.Dispose();
    }

    /// <summary>An unmount itself waits where the kernel is reading ahead; then it is as good as refused.</summary>
    private async Task<bool> LeavesPolitelyAsync()
    {
        var end = Environment.TickCount64 + (long)PoliteTime.TotalMilliseconds;
        do
        {
            var attempt = _mount.TryUnmountAsync(UnmountManner.Polite, _logger);
            if (!await Deadline.CompletesWithinAsync(attempt, _drainTimeout))
                return false;
            if (await attempt)
                return true;
            await Task.Delay(PoliteRetry);
        }
        while (Environment.TickCount64 < end);
        return false;
    }

    private static void CheckOptions(FuseFileOptions options)
    {
        if (options.FileName is "" or "." or ".." || options.FileName.AsSpan().ContainsAny('/', '\0')
            || System.Text.Encoding.UTF8.GetByteCount(options.FileName) > 255)
        {
            throw new FuseException($"'{options.FileName}' cannot be the name of a file");
        }
        if (options.Threads < 1 || options.ReadAhead < 0)
            throw new ArgumentOutOfRangeException(nameof(options), options, "There is at least one thread, and no negative readahead.");
    }

    /// <summary>The kernel reads from any byte, and as much as it likes.</summary>
    private static void CheckDevice(IBlockDevice device)
    {
        var info = device.Info;
        if (info.MinimumBlock != 1 || info.MaximumRequest < FuseSession.MaximumTransfer)
            throw new ArgumentException($"{info.Description} has blocks or short requests; put a BlockSizeFilter over it", nameof(device));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} is still in use; whoever uses it gets errors from now on")]
    private partial void LogStillUsed(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} is unmounted but still open somewhere; whoever has it open gets errors")]
    private partial void LogLeftBehind(string path);
}
