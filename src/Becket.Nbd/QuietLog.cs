using Microsoft.Extensions.Logging;

namespace Becket.Nbd;

/// <summary>
/// A log that strangers cannot fill: of the lines of one kind, which any client can cause at will, the first ones are written
/// and the others counted, and a line says every <see cref="Interval"/> how many. Errors are defects, and whoever wants to debug wants
/// every line: both pass. Safe for many threads.
/// </summary>
/// <remarks>Disposing it writes the counts that are still owed; lines that come later pass.</remarks>
internal sealed partial class QuietLog(ILogger log, TimeProvider time) : ILogger, IDisposable
{
    /// <summary>Warnings of a kind within an interval.</summary>
    public const int Burst = 10;

    /// <summary>Of lines about what is as it should be: more than there are clients at a time, so that all of them are named.</summary>
    public const int BurstOfNews = 300;

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<EventId, Kind> _kinds = [];
    private bool _isDisposed;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => log.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var isBounded = logLevel is LogLevel.Warning or LogLevel.Information;
        if (!isBounded || !IsEnabled(logLevel) || IsAdmitted(logLevel, eventId, formatter(state, exception)))
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

    private bool IsAdmitted(LogLevel level, EventId id, string line)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return true;
            if (!_kinds.TryGetValue(id, out var kind))
                _kinds.Add(id, kind = new Kind(level));

            kind.End ??= time.CreateTimer(_ => EndInterval(id), null, Interval, Timeout.InfiniteTimeSpan);
            if (++kind.Count <= kind.Burst)
                return true;

            kind.LastLine = line;
            return false;
        }
    }

    /// <summary>Says what was left out; the next line of this kind begins another interval.</summary>
    private void EndInterval(EventId id)
    {
        Kind kind;
        int leftOut;
        string lastLine;
        lock (_gate)
        {
            kind = _kinds[id];
            (leftOut, lastLine) = (kind.Count - kind.Burst, kind.LastLine);
            kind.End?.Dispose();
            kind.End = null;
            kind.Count = 0;
        }

        if (leftOut > 0)
            LogLeftOut(log, kind.Level, leftOut, lastLine);
    }

    [LoggerMessage(Message = "left out {Count} lines, the last one: {Line}")]
    private static partial void LogLeftOut(ILogger log, LogLevel level, int count, string line);

    private sealed class Kind(LogLevel level)
    {
        public LogLevel Level => level;

        public int Burst => level == LogLevel.Warning ? QuietLog.Burst : BurstOfNews;

        public ITimer? End { get; set; }

        public int Count { get; set; }

        public string LastLine { get; set; } = "";
    }
}
