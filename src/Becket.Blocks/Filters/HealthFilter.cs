using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Filters;

/// <summary>
/// Remembers how the reads fare that have to wait: whether the last one failed and why, and how long the longest one has been
/// waiting. What is answered at once says nothing of the source below, and is not looked at. For many threads at once.
/// </summary>
/// <param name="inner">The device below; owned.</param>
/// <param name="time">Measures waits.</param>
/// <param name="logger">Is told when reads begin to fail and when they do not any more.</param>
public sealed partial class HealthFilter(IBlockDevice inner, TimeProvider time, ILogger logger) : BlockFilter(inner)
{
    private const int ProbeLength = 512;

    private readonly Lock _gate = new();
    private readonly HashSet<Waiting> _waiting = [];
    private Exception? _failure;
    private long _failedOffset;
    private DateTimeOffset _failingSince;

    /// <summary>How it is now.</summary>
    public DeviceHealth Current
    {
        get
        {
            lock (_gate)
            {
                var longest = _waiting.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(_waiting.Min(static read => read.Started));
                return new DeviceHealth(longest, _failure?.Message, _failure is null ? null : _failingSince);
            }
        }
    }

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ValueTask read;
        try
        {
            read = Inner.ReadAsync(offset, buffer, cancellationToken);
        }
        catch (BlockDeviceException e)
        {
            Note(offset, e); // some fail before they have begun to wait
            throw;
        }
        return read.IsCompletedSuccessfully ? read : WatchAsync(offset, read, cancellationToken);
    }

    /// <summary>
    /// Where reads fail, reads a little of what failed last, to find out whether they still do: the one who failed may not come
    /// again. Never throws; <see cref="Current"/> tells. Does nothing where reads do not fail, or one is under way.
    /// </summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        long offset;
        lock (_gate)
        {
            if (_failure is null || _waiting.Count > 0)
                return;
            offset = _failedOffset;
        }
        try
        {
            var buffer = new byte[Math.Min(ProbeLength, Info.Size - offset)];
            var read = ReadAsync(offset, buffer, cancellationToken);
            // Somebody has read it meanwhile: it is here.
            if (read.IsCompletedSuccessfully)
                Note(offset, failure: null);
            else
                await read;
        }
        catch (Exception e) when (e is BlockDeviceException or OperationCanceledException)
        {
            // It is noted already.
        }
    }

    private async ValueTask WatchAsync(long offset, ValueTask read, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(time.GetTimestamp());
        lock (_gate)
            _waiting.Add(waiting);
        Exception? failure = null;
        try
        {
            await read;
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            lock (_gate)
                _waiting.Remove(waiting);
            // A reader that gave up tells nothing.
            if (failure is null || !cancellationToken.IsCancellationRequested)
                Note(offset, failure);
        }
    }

    private void Note(long offset, Exception? failure)
    {
        double lasted;
        lock (_gate)
        {
            var wasFailing = _failure is not null;
            (_failure, _failedOffset) = (failure, offset);
            if (wasFailing == failure is not null)
                return;
            if (failure is not null)
                _failingSince = time.GetUtcNow();
            lasted = (time.GetUtcNow() - _failingSince).TotalSeconds;
        }
        if (failure is not null)
            LogFails(Info.Description, failure.Message);
        else
            LogWorksAgain(Info.Description, lasted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Source}: reads fail: {Reason}")]
    private partial void LogFails(string source, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Source}: reads work again, after {Seconds:0.0} s")]
    private partial void LogWorksAgain(string source, double seconds);

    private sealed class Waiting(long started)
    {
        public long Started { get; } = started;
    }
}

/// <summary>How a device's reads fare.</summary>
/// <param name="LongestWait">How long the read that has been waiting longest has done so; zero where none waits.</param>
/// <param name="Failure">Why the last read failed; null where it did not.</param>
/// <param name="FailingSince">When reads began to fail; null where they do not.</param>
public sealed record DeviceHealth(TimeSpan LongestWait, string? Failure, DateTimeOffset? FailingSince);
