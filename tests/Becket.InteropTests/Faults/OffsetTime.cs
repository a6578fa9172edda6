namespace Becket.InteropTests.Faults;

/// <summary>The system's clock, wrong by as much as is wanted; waits take what they take. Safe to change while it is used.</summary>
internal sealed class OffsetTime : TimeProvider
{
    private long _offset;

    public void Shift(TimeSpan offset) => Interlocked.Exchange(ref _offset, offset.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offset));
}
