using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>
/// Writes log lines to standard error as <c>becket: level: message</c>, one line each, exceptions with their message only
/// (with their stack below <see cref="LogLevel.Information"/>). Safe for many threads.
/// </summary>
/// <param name="minimum">What is less important is left out.</param>
/// <param name="clock">Puts the time before each line, for a log that is read later; null for a person who watches.</param>
internal sealed class StderrLog(LogLevel minimum, TimeProvider? clock) : ILoggerProvider
{
    private readonly Lock _gate = new();

    /// <summary>Opened now: the runtime would open it with the first line, when there may be no descriptor left for it.</summary>
    private readonly TextWriter _output = Console.Error;

    private LogLevel Minimum { get; } = minimum;

    public static ILoggerFactory CreateFactory(LogLevel minimum) => CreateFactory(minimum, clock: null);

    public static ILoggerFactory CreateFactory(LogLevel minimum, TimeProvider? clock) =>
        LoggerFactory.Create(builder => builder.SetMinimumLevel(minimum).AddProvider(new StderrLog(minimum, clock)));

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string message, Exception? exception)
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
        lock (_gate)
            _output.WriteLine($"{time}becket: {name}{message}{tail}");
    }

    private sealed class Logger(StderrLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.Minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Write(logLevel, formatter(state, exception), exception);
        }
    }
}
