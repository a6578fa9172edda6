namespace Becket.Blocks.Caching.Profiles;

/// <summary>
/// Notes which pieces are touched in the first seconds after the first touch, in order. Guarded by the cache's lock.
/// </summary>
internal sealed class ProfileRecorder(TimeProvider time)
{
    /// <summary>A mount and the start of what runs from it.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <summary>A gigabyte: who reads more than that in the first minute copies, and gains nothing by a profile.</summary>
    public const int Most = 8192;

    private readonly List<long> _pieces = [];
    private readonly HashSet<long> _seen = [];
    private long _first;

    /// <summary>The pieces so far, or none where there were so many that it was a copy.</summary>
    public IReadOnlyList<long> Pieces => _pieces.Count < Most ? _pieces : [];

    public void OnTouch(long piece)
    {
        if (_pieces.Count == 0)
            _first = time.GetTimestamp();
        else if (_pieces.Count == Most || time.GetElapsedTime(_first) > Window)
            return;
        if (_seen.Add(piece))
            _pieces.Add(piece);
    }
}
