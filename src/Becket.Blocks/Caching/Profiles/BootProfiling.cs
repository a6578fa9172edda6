namespace Becket.Blocks.Caching.Profiles;

/// <summary>
/// The life of a device's profile: read at the start and replayed, recorded meanwhile, and kept for the next time if there was none
/// or the one there was proved wrong. Touches are told under the cache's lock.
/// </summary>
internal sealed class BootProfiling : IDisposable
{
    private readonly ProfileFile _file;
    private readonly ProfileRecorder _recorder;
    private readonly long _size;
    private readonly bool _hasProfile;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private ITimer? _windowEnd;
    private bool _isSaved;

    /// <param name="file">Where the profile is.</param>
    /// <param name="size">The device's size.</param>
    /// <param name="replays">Whether the profile is fetched, or only kept up to date.</param>
    /// <param name="time">The recorder's clock.</param>
    public BootProfiling(ProfileFile file, long size, PrefetchMode replays, TimeProvider time)
    {
        (_file, _size, _time, _recorder) = (file, size, time, new ProfileRecorder(time));
        var profile = file.Load(size);
        _hasProfile = profile is not null;
        if (profile is not null && replays != PrefetchMode.None)
            Feed = new ProfileFeed(profile);
    }

    /// <summary>What is replayed; null: nothing.</summary>
    public ProfileFeed? Feed { get; }

    public void OnTouch(long piece)
    {
        Feed?.OnTouch(piece);
        lock (_lock)
        {
            // Not only at the end: a daemon is killed more often than it is stopped.
            _windowEnd ??= _time.CreateTimer(
                static self => ((BootProfiling)self!).Save(), this, ProfileRecorder.Window, Timeout.InfiniteTimeSpan);
            _recorder.OnTouch(piece);
        }
    }

    /// <summary>Keeps what was recorded so far, if the window did not end before.</summary>
    public void Dispose()
    {
        _windowEnd?.Dispose();
        Save();
    }

    private void Save()
    {
        IReadOnlyList<long> pieces;
        lock (_lock)
        {
            if (_isSaved || (_hasProfile && Feed is not { WasWrong: true }))
                return;
            _isSaved = true;
            pieces = [.. _recorder.Pieces];
        }
        if (pieces.Count > 0)
            _file.Save(BootProfile.Of(_size, pieces));
    }
}
