using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>
/// Writes log lines to standard error, one line each: as <c>becket: level: message</c>, or as JSON (<see cref="JsonLogLine"/>).
/// Exceptions come with their message only (with their stack below <see cref="LogLevel.Information"/>). The journal gets each line's
/// priority in front of it (<see cref="Journal"/>). Safe for many threads.
/// </summary>
/// <param name="minimum">What is less important is left out.</param>
/// <param name="format">How lines look.</param>
/// <param name="clock">Puts the time before each line of text, for a log that is read later; null for a person who watches.</param>
internal sealed class StderrLog(LogLevel minimum, LogFormat format, TimeProvider? clock) : ILoggerProvider
{
    /// <summary>The category of what is always said: where the process can be reached.</summary>
    public const string Announcements = "Becket";

    private readonly Lock _gate = new();

    /// <summary>Opened now: the runtime would open it with the first line, when there may be no descriptor left for it.</summary>
    private readonly TextWriter _output = Console.Error;

    private readonly bool _isJournal = Journal.IsStandardError;

    private LogLevel Minimum { get; } = minimum;

    public static ILoggerFactory CreateFactory(LogLevel minimum) => CreateFactory(minimum, LogFormat.Text, clock: null);

    public static ILoggerFactory CreateFactory(LogLevel minimum, LogFormat format, TimeProvider? clock) =>
        LoggerFactory.Create(builder => builder
            .SetMinimumLevel(LogLevel.Trace) // the provider has its own
            .AddProvider(new StderrLog(minimum, format, clock)));

    /// <summary>
    /// What a foreground command logs: all of it where it was asked to, what happens where a machine reads, otherwise problems.
    /// </summary>
    public static LogLevel LevelFor(bool isVerbose, LogFormat format) =>
        isVerbose ? LogLevel.Debug : format == LogFormat.Json ? LogLevel.Information : LogLevel.Warning;

    public ILogger CreateLogger(string categoryName) =>
        new Logger(this, categoryName, categoryName == Announcements ? LogLevel.Information : Minimum);

    public void Dispose()
    {
    }

    private void Write<TState>(LogLevel level, string category, string message, TState state, Exception? exception)
    {
        var line = format == LogFormat.Json
            ? JsonLogLine.Format((clock ?? TimeProvider.System).GetUtcNow(), level, category, message, state, Describe(exception))
            : ToText(level, message, exception);
        lock (_gate)
            _output.WriteLine(_isJournal ? Journal.Prefix(level, line) : line);
    }

    private string? Describe(Exception? exception) => Minimum < LogLevel.Information ? exception?.ToString() : exception?.Message;

    private string ToText(LogLevel level, string message, Exception? exception)
    {
        var name = level switch
        {
            LogLevel.Trace or LogLevel.Debug => "debug: ",
            LogLevel.Warning => "warning: ",
            LogLevel.Error or LogLevel.Critical => "error: ",
            _ => "",
        };
        var tail = exception is null ? "" : Minimum < LogLevel.Information ? $"\n{exception}" : $": {exception.Message}";
        var time = clock is null ? "" : $"{clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} ";
        return $"{time}becket: {name}{message}{tail}";
    }

    private sealed class Logger(StderrLog log, string category, LogLevel minimum) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Write(logLevel, category, formatter(state, exception), state, exception);
        }
    }
}
