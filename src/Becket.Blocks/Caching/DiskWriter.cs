using System.Threading.Channels;
using Becket.Blocks.Caching.Disk;
using Becket.Blocks.Caching.Memory;

namespace Becket.Blocks.Caching;

/// <summary>
/// Writes fetched blocks to disk behind the readers' backs, on a thread of its own. The slot stays pinned until its blocks are
/// written. Whoever fetches waits for a disk that is slower than the store, but not for one that hangs.
/// </summary>
internal sealed class DiskWriter : IDisposable
{
    /// <summary>Pieces that may wait to be written: few beside the smallest memory, as they stay pinned.</summary>
    private const int Most = 32;

    /// <summary>How long to wait for room once; from then on not at all, until a write has ended.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SlotMemory _memory;
    private readonly Channel<Work> _work = Channel.CreateBounded<Work>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly Thread _thread;
    private volatile bool _isStuck;

    public DiskWriter(SlotMemory memory)
    {
        _memory = memory;
        _thread = new Thread(Run) { IsBackground = true, Name = "cache writer" };
    }

    /// <summary>
    /// Takes the blocks over once there is room, or returns false: the disk does not get on, and whoever waits for the rest of a body
    /// shall not wait for it. The caller keeps its own pin.
    /// </summary>
    public async ValueTask<bool> TryWriteAsync(DiskCacheObject disk, long piece, uint blocks, uint zero, int slot)
    {
        _memory.TryPin(slot); // the caller has it pinned, so it cannot fail
        EnsureStarted();
        var work = new Work(disk, piece, blocks, zero, slot);
        if (_work.Writer.TryWrite(work) || (!_isStuck && await IsTakenAsync(work)))
            return true;
        _memory.Unpin(slot);
        return false;
    }

    private async ValueTask<bool> IsTakenAsync(Work work)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _work.Writer.WriteAsync(work, limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            _isStuck = true;
            return false;
        }
    }

    /// <summary>Completes when everything that was taken over before has been written.</summary>
    public async Task FlushAsync()
    {
        if (!_thread.IsAlive)
            return;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _work.Writer.WriteAsync(new Work(done));
        await done.Task;
    }

    /// <summary>Returns when the last write is done.</summary>
    public void Dispose()
    {
        _work.Writer.TryComplete();
        if (_thread.IsAlive)
            _thread.Join();
    }

    private void EnsureStarted()
    {
        if (_thread.IsAlive)
            return;
        lock (_thread)
        {
            if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
                _thread.Start();
        }
    }

    private void Run()
    {
        // One event for all waits. A task that is waited for would take an event of its own, with a finalizer, for each of them.
        using var more = new AutoResetEvent(initialState: false);
        Action wake = () => more.Set();
        while (true)
        {
            while (_work.Reader.TryRead(out var work))
                Do(work);
            var waiting = _work.Reader.WaitToReadAsync().AsTask();
            if (!waiting.IsCompleted)
            {
                waiting.GetAwaiter().UnsafeOnCompleted(wake);
                more.WaitOne();
            }
            if (!waiting.GetAwaiter().GetResult())
                return;
        }
    }

    private void Do(in Work work)
    {
        work.Disk?.Write(work.Piece, work.Blocks, work.Zero, _memory.Span(work.Slot));
        _isStuck = false;
        if (work.Slot != 0)
            _memory.Unpin(work.Slot);
        work.Done?.SetResult();
    }

    private readonly record struct Work(
        DiskCacheObject? Disk, long Piece, uint Blocks, uint Zero, int Slot, TaskCompletionSource? Done = null)
    {
        public Work(TaskCompletionSource done)
            : this(Disk: null, 0, 0, 0, 0, done)
        {
        }
    }
}
