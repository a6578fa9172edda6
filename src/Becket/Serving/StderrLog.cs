using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>
/// Writes log lines to standard error as <c>becket: level: message</c>, one line each, exceptions with their message only
/// (with their stack below <see cref="LogLevel.Information"/>). Safe for many threads.
/// </summary>
internal sealed class StderrLog(LogLevel minimum) : ILoggerProvider
{
    private readonly Lock _gate = new();

    /// <summary>Opened now: the runtime would open it with the first line, when there may be no descriptor left for it.</summary>
    private readonly TextWriter _output = Console.Error;

    private LogLevel Minimum { get; } = minimum;

    public static ILoggerFactory CreateFactory(LogLevel minimum) =>
        LoggerFactory.Create(builder => builder.SetMinimumLevel(minimum).AddProvider(new StderrLog(minimum)));

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
        lock (_gate)
            _output.WriteLine($"becket: {name}{message}{tail}");
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
