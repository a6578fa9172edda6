namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Everything of a device that is not here, from its start to its end: for who will read it all or will have no network. It
/// starts where an earlier process stopped, as what is on disk is not absent. Not thread-safe.
/// </summary>
internal sealed class WholeDeviceFeed(long size, Func<bool> goesOn) : IFetchFeed
{
    /// <summary>Long, as nobody waits and each request costs.</summary>
    private const int Get = 4 * 1024 * 1024;

    private long _position;

    public ByteRange? Next(IFetchTarget target)
    {
        if (!goesOn())
            return null;
        var end = Math.Min((_position & -Get) + Get, size);
        while (_position < size)
        {
            foreach (var run in new AbsentRuns(target, ByteRange.FromBounds(_position, end), size))
            {
                _position = run.End;
                return run;
            }
            _position = end;
            end = Math.Min(end + Get, size);
        }
        return null;
    }

    /// <summary>Goes back: what has come since, or is on its way, is not absent and is passed over.</summary>
    public void Return(ByteRange range) => _position = Math.Min(_position, range.Offset);
}
