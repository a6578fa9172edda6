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
    private int _turn;
    private int _touches;
    private int _right;

    /// <summary>Fewer than half of the first pieces that clients touched were in the profile.</summary>
    public bool WasWrong { get; private set; }

    public ByteRange? Next(IFetchTarget target)
    {
        while (!WasWrong)
        {
            if (_ready.TryDequeue(out var range))
                return range;
            if (_turn == profile.Pieces.Count)
                return null;
            var piece = profile.Pieces[_turn++];
            if (_left.Contains(piece))
                Gather(piece, target);
        }
        return null;
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

    /// <summary>Takes the piece and those of its stretch that the profile names, too, as runs of absent blocks.</summary>
    private void Gather(long piece, IFetchTarget target)
    {
        var first = piece / PiecesPerGet * PiecesPerGet;
        for (var start = first; start < first + PiecesPerGet; start++)
        {
            var end = start;
            while (end < first + PiecesPerGet && _left.Remove(end))
                end++;
            if (end == start)
                continue;
            foreach (var run in new AbsentRuns(target, ByteRange.FromBounds(start * CacheGeometry.Piece, end * CacheGeometry.Piece), profile.Size))
                _ready.Enqueue(run);
            start = end;
        }
    }
}
