using Becket.Objects;

namespace Becket.Tests.Objects;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Without_samples_every_percentile_is_zero() => Assert.Equal(TimeSpan.Zero, new LatencyHistogram().Percentile(0.5));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1_000)]
    [InlineData(25_000)]
    [InlineData(8_000_000)]
    [InlineData(2_000_000_000)]
    public void A_percentile_is_above_its_sample_by_an_eighth_at_most(long microseconds)
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        Assert.InRange(histogram.Percentile(0.5).TotalMicroseconds, microseconds + 1, microseconds + 1 + microseconds / 8.0);
    }

    [Fact]
    public void Times_beyond_the_last_stretch_and_negative_ones_are_counted_at_its_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromSeconds(-1));
        Assert.Equal(TimeSpan.FromMicroseconds(1), histogram.Percentile(1));
        histogram.Add(TimeSpan.MaxValue);
        Assert.Equal(TimeSpan.FromMicroseconds(1L << 31), histogram.Percentile(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Percentiles_are_those_of_the_sorted_samples(int seed)
    {
        var random = new Random(seed);
        var samples = Enumerable.Range(0, 1000).Select(_ => (long)Math.Exp(random.NextDouble() * 18)).Order().ToArray();
        var histogram = new LatencyHistogram();
        foreach (var sample in samples)
            histogram.Add(TimeSpan.FromMicroseconds(sample));
        foreach (var part in new[] { 0.001, 0.5, 0.97, 0.99, 1 })
        {
            var exact = samples[(int)Math.Ceiling(part * samples.Length) - 1];
            Assert.InRange(histogram.Percentile(part).TotalMicroseconds, exact, exact + 1 + exact / 8.0);
        }
    }

    [Fact]
    public void What_is_older_than_twice_the_memory_is_forgotten_and_what_is_within_it_is_known()
    {
        var histogram = new LatencyHistogram(memory: 100);
        histogram.Add(TimeSpan.FromHours(1)); // the first of its generation: forgotten as early as may be
        for (var i = 0; i < 199; i++)
            histogram.Add(TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, histogram.Count);
        Assert.True(histogram.Percentile(1) > TimeSpan.FromMinutes(10));
        histogram.Add(TimeSpan.FromMilliseconds(1));
        Assert.Equal(101, histogram.Count);
        Assert.True(histogram.Percentile(1) < TimeSpan.FromMilliseconds(2));
    }

    [Fact]
    public async Task Samples_of_many_threads_add_up()
    {
        var histogram = new LatencyHistogram();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < 10_000; i++)
                    histogram.Add(TimeSpan.FromMicroseconds(i));
            },
            TestContext.Current.CancellationToken)));
        Assert.Equal(40_000, histogram.Count);
    }
}
