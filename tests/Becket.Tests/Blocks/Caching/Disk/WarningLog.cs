using Microsoft.Extensions.Logging;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>The warnings that were logged.</summary>
internal sealed class WarningLog : ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_gate)
                return [.. _warnings];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        lock (_gate)
            _warnings.Add(formatter(state, exception));
    }
}
