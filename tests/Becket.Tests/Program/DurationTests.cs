namespace Becket.Tests.Program;

public class DurationTests
{
    [Theory]
    [InlineData("30", 30)]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5400)]
    [InlineData("1d", 86_400)]
    [InlineData(" 2m ", 120)]
    [InlineData("0", 0)]
    [InlineData("0.5s", 0.5)]
    public void A_number_and_a_unit_are_a_time(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromSeconds(seconds), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5 parsecs")]
    [InlineData("-1")]
    [InlineData("1h30m")]
    [InlineData("NaN")]
    [InlineData("1e300")]
    [InlineData("Infinity")]
    [InlineData("10000000")]
    public void Nonsense_is_none(string text) => Assert.False(Duration.TryParse(text, out _));
}
