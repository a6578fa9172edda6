using Becket.Blocks;

namespace Becket.Verifying;

/// <summary>
/// Reads a device from its first byte to its last in large ranges, several at a time, and hands them on in order: a checksum is of a
/// sequence, a store is fast only in parallel. The memory is that of the ranges under way.
/// </summary>
internal sealed class OrderedReader(IBlockDevice device, int connections)
{
    /// <summary>Bytes in a range; whole pieces of the cache.</summary>
    public const int RangeSize = 4 << 20;

    /// <summary>Calls <paramref name="consume"/> with each range in turn; the memory is its own only until it returns.</summary>
    public async Task ReadAsync(Func<long, ReadOnlyMemory<byte>, ValueTask> consume, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var underWay = new Queue<(long Offset, Memory<byte> Buffer, Task Read)>();
        var free = new Stack<byte[]>();
        var next = 0L;
        try
        {
            while (true)
            {
                while (underWay.Count < connections && next < device.Info.Size)
                {
                    var length = (int)Math.Min(RangeSize, device.Info.Size - next);
                    var buffer = (free.TryPop(out var used) ? used : new byte[RangeSize]).AsMemory(0, length);
                    // A file reads on the caller's thread.
                    var (offset, token) = (next, stopping.Token);
                    underWay.Enqueue((offset, buffer, Task.Run(() => device.ReadAsync(offset, buffer, token).AsTask(), token)));
                    next += length;
                }
                if (!underWay.TryPeek(out var first))
                    return;
                await first.Read;
                await consume(first.Offset, first.Buffer);
                underWay.Dequeue();
                System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(first.Buffer, out var array);
                free.Push(array.Array!);
            }
        }
        finally
        {
            await stopping.CancelAsync();
            foreach (var (_, _, read) in underWay)
                await read.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
