using Becket.Nbd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Nbd;

public sealed class QuietLogTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CapturedLog _captured = new();
    private readonly QuietLog _log;

    public QuietLogTests() => _log = new QuietLog(_captured, _time);

    public void Dispose() => _log.Dispose();

    [Fact]
    public void The_first_warnings_of_a_kind_are_written_and_the_rest_counted()
    {
        Write(LogLevel.Warning, id: 1, count: QuietLog.Burst + 5);

        Assert.Equal(QuietLog.Burst, _captured.Lines.Count);
        _time.Advance(QuietLog.Interval);

        Assert.Equal("left out 5 lines, the last one: line 14 of kind 1", _captured.Lines[^1]);
        Assert.Equal(QuietLog.Burst + 1, _captured.Lines.Count);
    }

    [Fact]
    public void Each_kind_has_its_own_count_and_each_interval_begins_anew()
    {
        for (var i = 0; i < 3; i++)
        {
            Write(LogLevel.Warning, id: 1, count: QuietLog.Burst);
            Write(LogLevel.Warning, id: 2, count: QuietLog.Burst);
            _time.Advance(QuietLog.Interval);
        }

        Assert.Equal(6 * QuietLog.Burst, _captured.Lines.Count);
    }

    [Theory]
    [InlineData(LogLevel.Debug)]
    [InlineData(LogLevel.Error)]
    public void Defects_and_what_is_asked_for_pass(LogLevel level)
    {
        _captured.Level = LogLevel.Debug;
        Write(level, id: 1, count: 1000);

        Assert.Equal(1000, _captured.Lines.Count);
    }

    [Fact]
    public void Of_what_is_as_it_should_be_more_lines_are_written()
    {
        Write(LogLevel.Information, id: 1, count: QuietLog.BurstOfNews);
        Assert.Equal(QuietLog.BurstOfNews, _captured.Lines.Count);

        Write(LogLevel.Information, id: 1, count: 700);
        _time.Advance(QuietLog.Interval);

        Assert.Equal(QuietLog.BurstOfNews + 1, _captured.Lines.Count);
        Assert.StartsWith("left out 700 lines", _captured.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void At_the_end_nothing_is_owed()
    {
        Write(LogLevel.Warning, id: 1, count: QuietLog.Burst + 3);

        _log.Dispose();
        Write(LogLevel.Warning, id: 1, count: 2);
        _time.Advance(10 * QuietLog.Interval);

        Assert.Equal(QuietLog.Burst + 1 + 2, _captured.Lines.Count);
        Assert.StartsWith("left out 3 lines", _captured.Lines[QuietLog.Burst], StringComparison.Ordinal);
    }

    private void Write(LogLevel level, int id, int count)
    {
        for (var i = 0; i < count; i++)
            _log.Log(level, new EventId(id), i, null, (number, _) => $"line {number} of kind {id}");
    }
}
