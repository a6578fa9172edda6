using Becket.Blocks;

namespace Becket.InteropTests.Fuse;

/// <summary>
/// A device whose reads wait for what a test says, as those of one far away do, and which notes how many were waiting together.
/// </summary>
internal sealed class SlowDevice(IBlockDevice inner, Func<ByteRange, CancellationToken, Task> waiting) : BlockFilter(inner)
{
    private readonly Lock _gate = new();
    private int _waiting;

    /// <summary>The most reads that were under way together.</summary>
    public int MostTogether { get; private set; }

    /// <summary>The longest read in bytes.</summary>
    public int Longest { get; private set; }

    public override bool TryRead(long offset, Span<byte> buffer) => false;

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            MostTogether = Math.Max(MostTogether, ++_waiting);
            Longest = Math.Max(Longest, buffer.Length);
        }
        try
        {
            await waiting(new ByteRange(offset, buffer.Length), cancellationToken);
            await base.ReadAsync(offset, buffer, cancellationToken);
        }
        finally
        {
            lock (_gate)
                _waiting--;
        }
    }
}
