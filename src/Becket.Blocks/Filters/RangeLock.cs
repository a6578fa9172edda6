namespace Becket.Blocks.Filters;

/// <summary>
/// A lock on stretches of a device: calls whose ranges overlap hold it one after another, in the order in which they
/// came; others do not notice each other. A holder that waits for a second range while it has one can deadlock.
/// </summary>
internal sealed class RangeLock
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Holder> _holders = new(); // those that have it and those that wait, in order of arrival

    /// <summary>Completes when every earlier overlapping range has been released. Disposing the holder releases this one.</summary>
    public ValueTask<Holder> AcquireAsync(ByteRange range, CancellationToken cancellationToken)
    {
        var holder = new Holder(this, range);
        lock (_gate)
        {
            foreach (var earlier in _holders)
            {
                if (earlier.Overlaps(range))
                    holder.Blockers++;
            }
            _holders.AddLast(holder.Node);
            if (holder.Blockers == 0)
                return ValueTask.FromResult(holder);
            holder.Turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        return WaitAsync(holder, holder.Turn.Task, cancellationToken);
    }

    private static async ValueTask<Holder> WaitAsync(Holder holder, Task turn, CancellationToken cancellationToken)
    {
        try
        {
            await turn.WaitAsync(cancellationToken);
            return holder;
        }
        catch
        {
            holder.Dispose(); // it stands in the way of later ones, whether its turn had come or not
            throw;
        }
    }

    private void Release(Holder holder)
    {
        lock (_gate)
        {
            for (var later = holder.Node.Next; later is not null; later = later.Next)
            {
                if (later.Value.Overlaps(holder.Range) && --later.Value.Blockers == 0)
                    later.Value.Turn?.SetResult();
            }
            _holders.Remove(holder.Node);
        }
    }

    /// <summary>The right to one range. Dispose it exactly once.</summary>
    internal sealed class Holder : IDisposable
    {
        private readonly RangeLock _owner;

        internal Holder(RangeLock owner, ByteRange range)
        {
            (_owner, Range) = (owner, range);
            Node = new LinkedListNode<Holder>(this);
        }

        internal ByteRange Range { get; }

        internal LinkedListNode<Holder> Node { get; }

        /// <summary>How many earlier holders overlap this one; guarded by the owner's gate.</summary>
        internal int Blockers { get; set; }

        internal TaskCompletionSource? Turn { get; set; }

        internal bool Overlaps(ByteRange other) => Range.Offset < other.End && other.Offset < Range.End;

        public void Dispose() => _owner.Release(this);
    }
}
