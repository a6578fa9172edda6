using Becket.Blocks.Caching.Fetching;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>What came of replaying a trace against an empty cache: simulated time, and what was fetched for it.</summary>
internal sealed record Replay(double Seconds, int Gets, double Megabytes)
{
    private const int Connections = 32;

    /// <summary>A store as S3 is to a large machine: 60 MB/s a connection, 600 MB/s in all.</summary>
    public static ModelStore Far(double milliseconds) => new(milliseconds * 1000, connection: 60, line: 600);

    /// <summary>A store behind a line of 10 Mbit/s.</summary>
    public static ModelStore Slow() => new(50_000, connection: 1.25, line: 1.25);

    /// <summary>A store in the next room.</summary>
    public static ModelStore Near() => new(300, connection: 300, line: 1000);

    /// <summary>Replays with the policy's own sizes, whatever the store is.</summary>
    public static Replay Fixed(IReadOnlyList<RecordedRead> reads, ModelStore store, FetchPolicy policy) =>
        Of(reads, store, policy, adapts: false);

    /// <summary>Replays with sizes that follow what was measured of the store.</summary>
    public static Replay Adapting(IReadOnlyList<RecordedRead> reads, ModelStore store) =>
        Of(reads, store, FetchPolicy.Default, adapts: true);

    private static Replay Of(IReadOnlyList<RecordedRead> reads, ModelStore store, FetchPolicy policy, bool adapts)
    {
        var size = (reads.Max(read => read.Range.End) + 8191) & -4096;
        var cache = new ModelCache(size, policy, Connections, store) { Adapts = adapts };
        var left = reads.Select(read => read.After.Count).ToArray();
        var next = reads.Select(_ => new List<int>()).ToArray();
        var (answered, end) = (0, 0.0);
        for (var i = 0; i < reads.Count; i++)
        {
            foreach (var before in reads[i].After)
                next[before].Add(i);
            if (left[i] == 0)
                Issue(i);
        }

        while (answered < reads.Count)
            Assert.True(store.Step(), "Nothing happens any more, but reads are not answered.");
        return new Replay(end / 1e6, cache.Gets, cache.Fetched / 1e6);

        void Issue(int read) => store.At(store.Now + reads[read].Think, () => cache.Read(reads[read].Range, () => Answer(read)));

        void Answer(int read)
        {
            answered++;
            end = store.Now;
            foreach (var follower in next[read])
            {
                if (--left[follower] == 0)
                    Issue(follower);
            }
        }
    }
}
