using System.Collections;
using Microsoft.Extensions.Logging;

namespace Becket.Nbd;

/// <summary>
/// Adds to each log line of a session whose it is, as the fields <c>Peer</c> and <c>Export</c>; its text stays as it is. Costs
/// nothing for lines that nobody wants.
/// </summary>
internal sealed class SessionLogger(ILogger inner, string peer, string export) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!inner.IsEnabled(logLevel))
            return;
        var fields = new Fields(formatter(state, exception), peer, export, state as IReadOnlyList<KeyValuePair<string, object?>> ?? []);
        inner.Log(logLevel, eventId, fields, exception, static (fields, _) => fields.Text);
    }

    private sealed class Fields(string text, string peer, string export, IReadOnlyList<KeyValuePair<string, object?>> own)
        : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public string Text => text;

        public int Count => own.Count + 2;

        public KeyValuePair<string, object?> this[int index] => index switch
        {
            0 => new("Peer", peer),
            1 => new("Export", export),
            _ => own[index - 2],
        };

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
                yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => text;
    }
}
