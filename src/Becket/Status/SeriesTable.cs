using System.Runtime.CompilerServices;

namespace Becket.Status;

/// <summary>
/// Finds the series of a set of tags without a lock and without looking at a tag's text: whoever records uses the same strings
/// again and again, so they are told apart by what they are, not by what they say. Strings that say the same share a series.
/// </summary>
internal sealed class SeriesTable(Func<KeyValuePair<string, object?>[], Series> make)
{
    /// <summary>Where somebody makes new strings for each measurement, remembering all of them would only fill memory.</summary>
    private const int MostSpellings = 4;

    private readonly Lock _gate = new();
    private volatile Entry[] _entries = new Entry[16]; // open addressing, never more than half full; replaced as a whole
    private volatile Series[] _all = [];
    private int _remembered;

    public IReadOnlyList<Series> All => _all;

    public Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var entries = _entries;
        for (var i = HashOf(tags) & (entries.Length - 1); entries[i].Series is { } series; i = (i + 1) & (entries.Length - 1))
        {
            if (AreSame(entries[i].Tags!, tags))
                return series;
        }
        return FindByText(tags);
    }

    public void Clear()
    {
        lock (_gate)
            (_entries, _all, _remembered) = (new Entry[16], [], 0);
    }

    private Series FindByText(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            var copy = tags.ToArray();
            var series = Array.Find(_all, known => SayTheSame(known.Tags, copy));
            if (series is null)
            {
                series = make(copy);
                _all = [.. _all, series];
            }
            if (_entries.Count(entry => entry.Series == series) < MostSpellings)
                Remember(new Entry(copy, series));
            return series;
        }
    }

    private void Remember(Entry added)
    {
        var grown = new Entry[++_remembered * 2 > _entries.Length ? _entries.Length * 2 : _entries.Length];
        foreach (var entry in _entries.Append(added))
        {
            if (entry.Series is null)
                continue;
            var i = HashOf(entry.Tags) & (grown.Length - 1);
            while (grown[i].Series is not null)
                i = (i + 1) & (grown.Length - 1);
            grown[i] = entry;
        }
        _entries = grown;
    }

    private static int HashOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = tags.Length;
        foreach (ref readonly var tag in tags)
            hash = (hash * 31) + RuntimeHelpers.GetHashCode(tag.Value);
        return hash & int.MaxValue;
    }

    private static bool AreSame(KeyValuePair<string, object?>[] known, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (known.Length != tags.Length)
            return false;
        for (var i = 0; i < known.Length; i++)
        {
            if (!ReferenceEquals(known[i].Value, tags[i].Value) || !ReferenceEquals(known[i].Key, tags[i].Key))
                return false;
        }
        return true;
    }

    private static bool SayTheSame(IReadOnlyList<KeyValuePair<string, object?>> known, KeyValuePair<string, object?>[] tags)
    {
        if (known.Count != tags.Length)
            return false;
        for (var i = 0; i < tags.Length; i++)
        {
            if (known[i].Key != tags[i].Key || !Equals(known[i].Value, tags[i].Value))
                return false;
        }
        return true;
    }

    private readonly record struct Entry(KeyValuePair<string, object?>[]? Tags, Series? Series);
}
