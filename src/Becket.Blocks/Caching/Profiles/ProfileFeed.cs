using Becket.Blocks.Caching.Fetching;

namespace Becket.Blocks.Caching.Profiles;

/// <summary>
/// Fetches what a profile names, in its order, neighbours with one GET; gives up when the clients of this time go other
/// ways. Guarded by the cache's lock.
/// </summary>
internal sealed class ProfileFeed(BootProfile profile) : IFetchFeed
{
    /// <summary>The aligned stretch within which pieces are fetched together, at the turn of the first one.</summary>
    private const int Get = 1024 * 1024;

    private const int PiecesPerGet = Get / CacheGeometry.Piece;

    /// <summary>Touches before it is judged.</summary>
    private const int Trial = 64;

    private readonly HashSet<long> _left = [.. profile.Pieces];
    private readonly HashSet<long> _named = [.. profile.Pieces];
    private readonly Queue<ByteRange> _ready = new();
    private long _reached; // in the first range that is ready
    private int _turn;
    private int _touches;
    private int _right;

    /// <summary>Fewer than half of the first pieces that clients touched were in the profile.</summary>
    public bool WasWrong { get; private set; }

    public ByteRange? Next(IFetchTarget target)
    {
        while (!WasWrong)
        {
            if (_ready.TryPeek(out var range))
            {
                // Not noted when the range was gathered: readers may have had some of it fetched since.
                foreach (var run in new AbsentRuns(target, ByteRange.FromBounds(Math.Max(range.Offset, _reached), range.End), profile.Size))
                {
                    _reached = run.End;
                    return run;
                }
                _ready.Dequeue();
                _reached = 0;
                continue;
            }
            if (_turn == profile.Pieces.Count)
                return null;
            var piece = profile.Pieces[_turn++];
            if (_left.Contains(piece))
                Gather(piece);
        }
        return null;
    }

    /// <summary>Lets it be: a profile is for the first moments, and by another time whoever needs this has asked for it.</summary>
    public void Return(ByteRange range)
    {
    }

    /// <summary>A client touched a piece for the first time since it was brought in.</summary>
    public void OnTouch(long piece)
    {
        if (_touches >= Trial)
            return;
        _touches++;
        if (_named.Contains(piece))
            _right++;
        WasWrong = _touches == Trial && _right * 2 < Trial;
    }

    /// <summary>Takes the piece and those of its stretch that the profile names, too.</summary>
    private void Gather(long piece)
    {
        var first = piece / PiecesPerGet * PiecesPerGet;
        for (var start = first; start < first + PiecesPerGet; start++)
        {
            var end = start;
            while (end < first + PiecesPerGet && _left.Remove(end))
                end++;
            if (end == start)
                continue;
            _ready.Enqueue(ByteRange.FromBounds(start * CacheGeometry.Piece, end * CacheGeometry.Piece));
            start = end;
        }
    }
}
