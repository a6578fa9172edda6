using System.Globalization;

namespace Becket.Verifying;

/// <summary>
/// How far it is, on standard error: one line that is written over on a terminal, elsewhere a line now and then. For one thread.
/// </summary>
internal sealed class VerifyProgress(TextWriter output, ProgressStyle style, long size, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan InLog = TimeSpan.FromSeconds(10);

    private readonly long _started = time.GetTimestamp();
    private long _last = time.GetTimestamp();
    private bool _isShown;

    /// <param name="done">Bytes from the start on.</param>
    public void Advance(long done)
    {
        if (style == ProgressStyle.None || time.GetElapsedTime(_last) < (style == ProgressStyle.Terminal ? OnTerminal : InLog))
            return;
        _last = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_started);
        var rate = done / elapsed.TotalSeconds;
        var left = TimeSpan.FromSeconds(Math.Ceiling((size - done) / rate));
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{100.0 * done / size:0.0} % of {ByteCount.Format(size)}, {ByteCount.Format((long)rate)}/s, "
            + $"{(int)left.TotalHours:00}:{left:mm\\:ss} left");
        if (style == ProgressStyle.Terminal)
            output.Write($"\r\u001b[K{text}");
        else
            output.WriteLine($"becket: {text}");
        output.Flush();
        _isShown = true;
    }

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (_isShown && style == ProgressStyle.Terminal)
            output.Write("\r\u001b[K");
        output.Flush();
    }
}

internal enum ProgressStyle
{
    None,
    Lines,
    Terminal,
}
