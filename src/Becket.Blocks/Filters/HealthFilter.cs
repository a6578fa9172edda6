namespace Becket.Blocks.Filters;

/// <summary>
/// Remembers how the reads fare that have to wait: whether the last one failed and why, and how long the longest one has been
/// waiting. What is answered at once says nothing of the source below, and is not looked at. For many threads at once.
/// </summary>
public sealed class HealthFilter(IBlockDevice inner, TimeProvider time) : BlockFilter(inner)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Waiting> _waiting = [];
    private Exception? _failure;
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
            lock (_gate)
                Note(e); // some fail before they have begun to wait
            throw;
        }
        return read.IsCompletedSuccessfully ? read : WatchAsync(read, cancellationToken);
    }

    private async ValueTask WatchAsync(ValueTask read, CancellationToken cancellationToken)
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
            {
                _waiting.Remove(waiting);
                // A reader that gave up tells nothing.
                if (failure is null || !cancellationToken.IsCancellationRequested)
                    Note(failure);
            }
        }
    }

    private void Note(Exception? failure)
    {
        if (failure is not null && _failure is null)
            _failingSince = time.GetUtcNow();
        _failure = failure;
    }

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
