using Becket.Nbd;
using Microsoft.Extensions.Logging;

namespace Becket.Tests.Nbd;

public sealed partial class SessionLoggerTests
{
    [Fact]
    public void A_line_keeps_its_text_and_gets_the_sessions_fields()
    {
        var log = new ListLogger(LogLevel.Debug);
        var logger = new SessionLogger(log, "127.0.0.1:5", "disk");
        LogSomething(logger, 4096);
        var (text, fields) = Assert.Single(log.Lines);
        Assert.Equal("read at 4096", text);
        Assert.Equal(
            [new("Peer", "127.0.0.1:5"), new("Export", "disk"), new("Offset", 4096L), new("{OriginalFormat}", "read at {Offset}")], fields);
    }

    [Fact]
    public void Lines_that_nobody_wants_are_not_made()
    {
        var log = new ListLogger(LogLevel.Warning);
        new SessionLogger(log, "peer", "disk").Log(
            LogLevel.Debug, 0, "state", exception: null, static (_, _) => throw new InvalidOperationException("made"));
        Assert.Empty(log.Lines);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "read at {Offset}")]
    private static partial void LogSomething(ILogger logger, long offset);

    private sealed class ListLogger(LogLevel minimum) : ILogger
    {
        public List<(string Text, IReadOnlyList<KeyValuePair<string, object?>> Fields)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((formatter(state, exception), [.. (IReadOnlyList<KeyValuePair<string, object?>>)state!]));
    }
}
