using Becket.Verifying;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Program.Verifying;

/// <summary>What a verification says of its progress. The clock moves where a test moves it.</summary>
public sealed class VerifyProgressTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Log_gets_a_line_every_ten_seconds_and_nothing_at_the_end()
    {
        using (var progress = Start(ProgressStyle.Lines, 100 * Mebi))
        {
            for (var second = 1; second <= 25; second++)
                Advance(progress, TimeSpan.FromSeconds(1), second * Mebi);
        }

        Assert.Equal(
            "becket: 10.0 % of 100.0 MiB, 1.0 MiB/s, 00:01:30 left\nbecket: 20.0 % of 100.0 MiB, 1.0 MiB/s, 00:01:20 left\n",
            _output.ToString());
    }

    [Fact]
    public void Terminal_has_one_line_that_is_written_over_and_taken_away()
    {
        using (var progress = Start(ProgressStyle.Terminal, 10 * Mebi))
        {
            for (var step = 1; step <= 10; step++)
                Advance(progress, TimeSpan.FromMilliseconds(100), step * Mebi / 2);
        }

        var lines = _output.ToString().Split("\r\u001b[K");
        Assert.Equal(["", "10.0", "20.0", "30.0", "40.0", "50.0", ""], lines.Select(static line => line.Split(' ')[0]));
        Assert.Equal("50.0 % of 10.0 MiB, 5.0 MiB/s, 00:00:01 left", lines[5]);
    }

    [Fact]
    public void What_takes_days_is_told_in_hours()
    {
        using (var progress = Start(ProgressStyle.Lines, 8 * 1024 * 1024 * Mebi))
            Advance(progress, TimeSpan.FromSeconds(10), 100 * Mebi);

        Assert.EndsWith(" 233:00:51 left\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProgressStyle.None)]
    [InlineData(ProgressStyle.Lines)]
    [InlineData(ProgressStyle.Terminal)]
    internal void What_is_soon_over_says_nothing(ProgressStyle style)
    {
        using (var progress = Start(style, Mebi))
            Advance(progress, TimeSpan.FromMilliseconds(199), Mebi);

        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void Scripts_that_read_json_are_told_nothing()
    {
        using (var progress = Start(ProgressStyle.None, 10 * Mebi))
            Advance(progress, TimeSpan.FromHours(1), Mebi);

        Assert.Empty(_output.ToString());
    }

    private VerifyProgress Start(ProgressStyle style, long size) => new(_output, style, size, _time);

    private void Advance(VerifyProgress progress, TimeSpan time, long done)
    {
        _time.Advance(time);
        progress.Advance(done);
    }
}
