using Microsoft.Extensions.Logging;

namespace Becket.Nbd;

/// <summary>
/// A log that strangers cannot fill: of the warnings of one kind, which any client can cause at will, the first ones are written
/// and the others counted, and a line says every <see cref="Interval"/> how many. Everything else passes. Safe for many threads.
/// </summary>
/// <remarks>Disposing it writes the counts that are still owed; lines that come later pass.</remarks>
internal sealed partial class QuietLog(ILogger log, TimeProvider time) : ILogger, IDisposable
{
    /// <summary>Lines of a kind within an interval.</summary>
    public const int Burst = 10;

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<EventId, Kind> _kinds = [];
    private bool _isDisposed;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => log.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel != LogLevel.Warning || !IsEnabled(logLevel) || IsAdmitted(eventId, formatter(state, exception)))
            log.Log(logLevel, eventId, state, exception, formatter);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var kind in _kinds.Values)
                kind.End?.Dispose();
        }

        foreach (var kind in _kinds.Keys)
            EndInterval(kind);
    }

    private bool IsAdmitted(EventId id, string line)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return true;
            if (!_kinds.TryGetValue(id, out var kind))
                _kinds.Add(id, kind = new Kind());

            kind.End ??= time.CreateTimer(_ => EndInterval(id), null, Interval, Timeout.InfiniteTimeSpan);
            if (++kind.Count <= Burst)
                return true;

            kind.LastLine = line;
            return false;
        }
    }

    /// <summary>Says what was left out; the next line of this kind begins another interval.</summary>
    private void EndInterval(EventId id)
    {
        int leftOut;
        string lastLine;
        lock (_gate)
        {
            var kind = _kinds[id];
            (leftOut, lastLine) = (kind.Count - Burst, kind.LastLine);
            kind.End?.Dispose();
            kind.End = null;
            kind.Count = 0;
        }

        if (leftOut > 0)
            LogLeftOut(log, leftOut, lastLine);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "left out {Count} lines, the last one: {Line}")]
    private static partial void LogLeftOut(ILogger log, int count, string line);

    private sealed class Kind
    {
        public ITimer? End { get; set; }

        public int Count { get; set; }

        public string LastLine { get; set; } = "";
    }
}
