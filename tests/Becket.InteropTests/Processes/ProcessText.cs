using System.Text;

namespace Becket.InteropTests.Processes;

/// <summary>
/// What a running process has written to one of its outputs. Safe to read while more arrives.
/// </summary>
public sealed class ProcessText
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    /// <summary>Reads to the end of the output.</summary>
    public async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        for (int read; (read = await reader.ReadAsync(buffer)) > 0;)
            Grow(buffer.AsSpan(0, read));
        Grow([]);
    }

    /// <summary>Waits for a whole line that starts so; fails when the output ends without it.</summary>
    /// <returns>What follows the start.</returns>
    public async Task<string> WaitForLineAsync(string start, CancellationToken cancellationToken)
    {
        string? found = null;
        await WaitForAsync(text => (found = FindLine(text, start)) is not null, $"a line '{start}'", cancellationToken);
        return found![start.Length..];
    }

    /// <summary>Waits for some words, wherever they stand; fails when the output ends without them.</summary>
    public Task WaitForWordsAsync(string words, CancellationToken cancellationToken) =>
        WaitForAsync(text => text.Contains(words, StringComparison.Ordinal), $"'{words}'", cancellationToken);

    public override string ToString()
    {
        lock (_gate)
            return _text.ToString();
    }

    /// <summary>What follows the last newline may be half a line.</summary>
    private static string? FindLine(string text, string start) =>
        text.Split('\n')[..^1].FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));

    private async Task WaitForAsync(Func<string, bool> isIn, string what, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task grown;
            lock (_gate)
            {
                if (isIn(_text.ToString()))
                    return;
                Assert.False(_ended, $"The output ended without {what}:\n{_text}");
                grown = _grown.Task;
            }
            await grown.WaitAsync(cancellationToken);
        }
    }

    private void Grow(ReadOnlySpan<char> more)
    {
        TaskCompletionSource grown;
        lock (_gate)
        {
            _text.Append(more);
            _ended = more.IsEmpty;
            grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        grown.SetResult();
    }
}
