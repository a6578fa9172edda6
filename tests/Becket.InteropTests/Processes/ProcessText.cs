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
    public async Task WaitForLineAsync(string start, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task grown;
            lock (_gate)
            {
                // What follows the last newline may be half a line.
                if (_text.ToString().Split('\n')[..^1].Any(line => line.StartsWith(start, StringComparison.Ordinal)))
                    return;
                Assert.False(_ended, $"The output ended without a line '{start}':\n{_text}");
                grown = _grown.Task;
            }
            await grown.WaitAsync(cancellationToken);
        }
    }

    public override string ToString()
    {
        lock (_gate)
            return _text.ToString();
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
