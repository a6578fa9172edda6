using System.Numerics;
using System.Runtime.CompilerServices;

namespace Becket.Blocks.Filters;

/// <summary>
/// Running totals for each <see cref="DeviceOperation"/> that many threads add to at once. Each processor adds to its own
/// stripe of memory; a reader sums the stripes, so totals read during a change may be apart by that change.
/// </summary>
internal sealed class StripedTotals
{
    /// <summary>Longs in a stripe: four for each verb, rounded up to whole pairs of cache lines.</summary>
    private const int Stripe = 32;

    private static readonly int Stripes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 64));

    private readonly long[] _cells = new long[Stripe * (Stripes + 1)]; // the first stripe's length keeps the array's header away

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSuccess(DeviceOperation operation, long bytes)
    {
        var cell = CellOf(operation);
        Interlocked.Increment(ref _cells[cell]);
        Interlocked.Add(ref _cells[cell + 1], bytes);
    }

    public void AddFailure(DeviceOperation operation, int errors)
    {
        var cell = CellOf(operation);
        Interlocked.Increment(ref _cells[cell]);
        Interlocked.Add(ref _cells[cell + 2], errors);
    }

    public void AddDuration(DeviceOperation operation, TimeSpan duration) =>
        Interlocked.Add(ref _cells[CellOf(operation) + 3], duration.Ticks);

    public OperationTotals Read(DeviceOperation operation)
    {
        long operations = 0, bytes = 0, errors = 0, ticks = 0;
        for (var stripe = 1; stripe <= Stripes; stripe++)
        {
            var cell = stripe * Stripe + (int)operation * 4;
            operations += Volatile.Read(ref _cells[cell]);
            bytes += Volatile.Read(ref _cells[cell + 1]);
            errors += Volatile.Read(ref _cells[cell + 2]);
            ticks += Volatile.Read(ref _cells[cell + 3]);
        }
        return new OperationTotals(operations, bytes, errors, TimeSpan.FromTicks(ticks));
    }

    private static int CellOf(DeviceOperation operation) =>
        ((Thread.GetCurrentProcessorId() & (Stripes - 1)) + 1) * Stripe + (int)operation * 4;
}
