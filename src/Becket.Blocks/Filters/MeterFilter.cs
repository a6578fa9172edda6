using System.Runtime.CompilerServices;

namespace Becket.Blocks.Filters;

/// <summary>
/// Counts what is asked of a device, by verb: totals that are always there (<see cref="TotalsOf"/>) and
/// <see cref="DeviceMetrics"/> for whoever listens. A failed <see cref="TryRead"/> is not counted; the read that follows is.
/// </summary>
/// <param name="inner">The device below; owned.</param>
/// <param name="name">The value of the metrics' device tag: the export's name.</param>
/// <param name="time">Measures durations.</param>
public sealed class MeterFilter(IBlockDevice inner, string name, TimeProvider time) : BlockFilter(inner)
{
    private readonly StripedTotals _totals = new();
    private readonly KeyValuePair<string, object?> _device = DeviceMetrics.DeviceTag(name);

    /// <summary>Where it was read lately, as far as somebody listened to the metrics meanwhile.</summary>
    public ReadTrail Trail { get; } = new(Math.Max(1, inner.Info.Size), time);

    /// <summary>What was counted for a verb until now. Cheap enough to ask every second.</summary>
    public OperationTotals TotalsOf(DeviceOperation operation) => _totals.Read(operation);

    public override bool TryRead(long offset, Span<byte> buffer)
    {
        if (DeviceMetrics.AnyoneListens)
            return TryReadMeasured(offset, buffer);
        if (!Inner.TryRead(offset, buffer))
            return false;
        _totals.AddSuccess(DeviceOperation.Read, buffer.Length);
        return true;
    }

    private bool TryReadMeasured(long offset, Span<byte> buffer)
    {
        var started = time.GetTimestamp();
        if (!Inner.TryRead(offset, buffer))
            return false;
        _totals.AddSuccess(DeviceOperation.Read, buffer.Length);
        DeviceMetrics.RecordSuccess(_device, DeviceOperation.Read, buffer.Length, time.GetElapsedTime(started));
        Trail.Note(offset, buffer.Length);
        return true;
    }

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (DeviceMetrics.AnyoneListens)
            Trail.Note(offset, buffer.Length);
        return MeasureAsync(
            DeviceOperation.Read,
            buffer.Length,
            (Inner, offset, buffer, cancellationToken),
            static call => call.Inner.ReadAsync(call.offset, call.buffer, call.cancellationToken));
    }

    public override ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) => MeasureAsync(
        DeviceOperation.Write,
        data.Length,
        (Inner, offset, data, options, cancellationToken),
        static call => call.Inner.WriteAsync(call.offset, call.data, call.options, call.cancellationToken));

    public override ValueTask ZeroAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) => MeasureAsync(
        DeviceOperation.Zero,
        range.Length,
        (Inner, range, options, cancellationToken),
        static call => call.Inner.ZeroAsync(call.range, call.options, call.cancellationToken));

    public override ValueTask TrimAsync(ByteRange range, WriteOptions options, CancellationToken cancellationToken) => MeasureAsync(
        DeviceOperation.Trim,
        range.Length,
        (Inner, range, options, cancellationToken),
        static call => call.Inner.TrimAsync(call.range, call.options, call.cancellationToken));

    public override ValueTask FlushAsync(CancellationToken cancellationToken) => MeasureAsync(
        DeviceOperation.Flush,
        0,
        (Inner, cancellationToken),
        static call => call.Inner.FlushAsync(call.cancellationToken));

    public override ValueTask PrefetchAsync(ByteRange range, CancellationToken cancellationToken) => MeasureAsync(
        DeviceOperation.Prefetch,
        range.Length,
        (Inner, range, cancellationToken),
        static call => call.Inner.PrefetchAsync(call.range, call.cancellationToken));

    /// <summary>
    /// One operation for the whole enumeration, even if it is left early; the time is the device's own, not that of the
    /// one who enumerates.
    /// </summary>
    public override async IAsyncEnumerable<Extent> GetExtentsAsync(
        ByteRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (duration, described) = (TimeSpan.Zero, 0L);
        Exception? error = null;
        await using var extents = Inner.GetExtentsAsync(range, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                var started = time.GetTimestamp();
                try
                {
                    if (!await extents.MoveNextAsync())
                        break;
                }
                catch (Exception e)
                {
                    error = e;
                    throw;
                }
                finally
                {
                    duration += time.GetElapsedTime(started);
                }
                described += extents.Current.Range.Length;
                yield return extents.Current;
            }
        }
        finally
        {
            if (error is null)
                Succeed(DeviceOperation.Extents, described, duration);
            else
                Fail(DeviceOperation.Extents, error, duration);
        }
    }

    /// <summary>
    /// Does not allocate when the device answers at once, as the delegates are static, and seldom when it does not.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask MeasureAsync<TCall>(DeviceOperation operation, long bytes, TCall call, Func<TCall, ValueTask> ask)
    {
        var started = time.GetTimestamp();
        try
        {
            await ask(call);
        }
        catch (Exception e)
        {
            Fail(operation, e, time.GetElapsedTime(started));
            throw;
        }
        Succeed(operation, bytes, time.GetElapsedTime(started));
    }

    private void Succeed(DeviceOperation operation, long bytes, TimeSpan duration)
    {
        _totals.AddSuccess(operation, bytes);
        _totals.AddDuration(operation, duration);
        DeviceMetrics.RecordSuccess(_device, operation, bytes, duration);
    }

    private void Fail(DeviceOperation operation, Exception error, TimeSpan duration)
    {
        _totals.AddFailure(operation, error is OperationCanceledException ? 0 : 1);
        _totals.AddDuration(operation, duration);
        DeviceMetrics.RecordFailure(_device, operation, error, duration);
    }
}
