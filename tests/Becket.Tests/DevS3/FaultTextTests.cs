using Becket.DevS3;
using Becket.DevS3.Faults;

namespace Becket.Tests.DevS3;

public class FaultTextTests
{
    [Fact]
    public void The_text_says_what_goes_wrong_how_often_and_where()
    {
        (int seed, IReadOnlyList<FaultRule> rules) = FaultText.Parse(
            "seed=7, latency=25ms,latency=10ms..1.5s@GET, slowdown=0.1,reset=3x@get:images/*,truncate=1:a:b@c");
        Assert.Equal(7, seed);
        Assert.Equal(
        [
            new FaultRule(FaultKind.Latency)
            {
                MinimumLatency = TimeSpan.FromMilliseconds(25),
                MaximumLatency = TimeSpan.FromMilliseconds(25),
            },
            new FaultRule(FaultKind.Latency)
            {
                MinimumLatency = TimeSpan.FromMilliseconds(10),
                MaximumLatency = TimeSpan.FromSeconds(1.5),
                Method = "GET",
            },
            new FaultRule(FaultKind.SlowDown) { Probability = 0.1 },
            new FaultRule(FaultKind.Reset) { Times = 3, Method = "GET", Key = "images/*" },
            new FaultRule(FaultKind.Truncate) { Probability = 1, Key = "a:b@c" },
        ], rules);
    }

    [Theory]
    [InlineData("explode=1")]
    [InlineData("latency=fast")]
    [InlineData("latency=2s..1s")]
    [InlineData("latency=1s..2s..3s")]
    [InlineData("reset=1.5")]
    [InlineData("reset=-1")]
    [InlineData("reset")]
    [InlineData("seed=x")]
    public void What_cannot_be_read_is_refused_with_what_would_do(string text) =>
        Assert.NotEmpty(Assert.Throws<FormatException>(() => DevS3Faults.Parse(text)).Message);

    [Fact]
    public void The_same_seed_gives_the_same_faults()
    {
        bool[] Draw(string text)
        {
            var faults = DevS3Faults.Parse(text);
            return [.. Enumerable.Range(0, 1000).Select(_ => !faults.PlanFor("GET", "x", hasRange: false, authorization: null).IsEmpty)];
        }

        Assert.Equal(Draw("reset=0.2,seed=5"), Draw("reset=0.2,seed=5"));
        Assert.NotEqual(Draw("reset=0.2,seed=5"), Draw("reset=0.2,seed=6"));
        Assert.InRange(Draw("reset=0.2,seed=5").Count(fault => fault), 150, 250);
    }
}
