using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Fetching;
using CsCheck;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// What holds for every sequence of reads. That only absent blocks are fetched, once, and inside the device, is
/// <see cref="BlockMap"/>'s to check, every time.
/// </summary>
public class FetchPlannerModelTests
{
    private const long Size = (20 << 20) + 5000;

    private static readonly FetchPolicy Poor = FetchPolicy.Default with
    {
        Zone = 2 << 20,
        InitialCredit = 3 << 20,
        MaximumCredit = 4 << 20,
        EarnedCredit = 300_000,
        Streams = 3,
    };

    private static readonly Gen<ByteRange> Ranges =
        from length in Gen.OneOf(Gen.Long[1, 20_000], Gen.Long[1, 400_000], Gen.Long[1, 5_000_000])
        from offset in Gen.OneOf(Gen.Long[0, Size - length], Gen.Int[0, 300].Select(i => Math.Min(i * 4096L, Size - length)))
        select new ByteRange(offset, length);

    private static readonly Gen<(ByteRange Range, int What)[]> Calls = Gen.Select(Ranges, Gen.Int[0, 9]).Array[1, 60];

    [Fact]
    public void Every_absent_block_of_a_read_is_fetched_at_once_and_credit_stays_within_its_bounds() =>
        Calls.Sample(calls => Run(calls, new FetchPlanner(Size, Poor)));

    [Fact]
    public void What_is_fetched_on_speculation_is_paid_for_to_the_byte() =>
        Calls.Sample(calls =>
        {
            var policy = Poor with { Readahead = 0 };
            Run(calls, new FetchPlanner(Size, policy), (before, earning, speculated, after) =>
            {
                for (var i = 0; i < earning; i++)
                    before = Math.Min(policy.MaximumCredit, before + policy.EarnedCredit);
                Assert.Equal(before - speculated, after);
            });
        });

    /// <summary>
    /// Makes calls and checks the reads among them. A <paramref name="ledger"/> is told, for each: the credit before it, how
    /// many pieces earned some, how many bytes it had fetched outside its own pieces, and the credit after it.
    /// </summary>
    private static void Run(
        (ByteRange Range, int What)[] calls, FetchPlanner planner, Action<long, int, long, long>? ledger = null)
    {
        var fetches = new List<(ByteRange Range, FetchPriority Priority)>();
        var map = new BlockMap(Size, (range, priority) => fetches.Add((range, priority)));
        var touched = new HashSet<long>();
        foreach (var (range, what) in calls)
        {
            fetches.Clear();
            switch (what)
            {
                case 0:
                    map.Bring(range);
                    continue;
                case 1:
                    map.Forget(range);
                    continue;
                case 2:
                    var absent = map.AbsentBytes(range.AlignOutward(CacheGeometry.Block).Intersect(new ByteRange(0, Size)));
                    planner.OnPrefetch(range, map);
                    Assert.Equal(absent, fetches.Sum(fetch => fetch.Range.Length));
                    Assert.All(fetches, fetch => Assert.Equal(FetchPriority.Background, fetch.Priority));
                    continue;
                case 3:
                    planner.Adapt(new StorePace(TimeSpan.FromMilliseconds(range.Length % 200), range.Offset * 10.0));
                    continue;
            }

            var missing = BlocksOf(range).Where(map.IsAbsent).ToHashSet();
            var earning = BlocksOf(range).GroupBy(block => block / CacheGeometry.BlocksPerPiece)
                .Count(piece => touched.Add(piece.Key) && !piece.Any(missing.Contains));
            var credit = planner.Credit;
            planner.OnRead(range, map);

            var demanded = fetches.Where(fetch => fetch.Priority == FetchPriority.Demand).ToList();
            Assert.Subset(demanded.SelectMany(fetch => BlocksOf(fetch.Range)).ToHashSet(), missing);
            Assert.All(demanded, fetch => Assert.True(BlocksOf(fetch.Range).Any(missing.Contains), "Nobody waits for it."));
            Assert.InRange(planner.Credit, 0, Poor.MaximumCredit);
            var free = range.AlignOutward(CacheGeometry.Piece);
            var speculated = fetches.Sum(fetch => fetch.Range.Length - fetch.Range.Intersect(free).Length);
            ledger?.Invoke(credit, earning, speculated, planner.Credit);
        }
    }

    private static IEnumerable<long> BlocksOf(ByteRange range)
    {
        for (var block = range.Offset / CacheGeometry.Block; block * CacheGeometry.Block < range.End; block++)
            yield return block;
    }
}
