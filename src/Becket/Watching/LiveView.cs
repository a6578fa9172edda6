using System.Globalization;
using System.Text;
using System.Text.Json;
using Becket.Daemon;

namespace Becket.Watching;

/// <summary>
/// The live view of what is attached: every second, what went on in it. On a terminal it repaints in place; elsewhere it prints a
/// plain line for each attachment.
/// </summary>
internal sealed class LiveView(TextWriter output, bool isJson)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private const string OtherScreen = "\e[?1049h\e[?25l";
    private const string OwnScreen = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string RestOfLine = "\e[K";
    private const string RestOfScreen = "\e[J";

    private readonly bool _isTerminal = !isJson && !Console.IsOutputRedirected;

    /// <summary>Runs until it is told to stop.</summary>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        if (_isTerminal)
            output.Write(OtherScreen);
        try
        {
            var before = new Dictionary<string, AttachmentStatus>(StringComparer.Ordinal);
            var taken = TimeProvider.System.GetTimestamp();
            while (!stopping.IsCancellationRequested)
            {
                var now = await AttachmentList.TakeAsync(stopping);
                var passed = TimeProvider.System.GetElapsedTime(taken);
                taken = TimeProvider.System.GetTimestamp();
                Show([.. now.Select(status => new AttachmentPace(status, before.GetValueOrDefault(Key(status)), passed))]);
                before = now.ToDictionary(Key, StringComparer.Ordinal);
                await Task.Delay(Period, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // That is how one leaves it.
        }
        finally
        {
            if (_isTerminal)
            {
                output.Write(OwnScreen);
                output.Flush();
            }
        }
        return ExitCode.Success;
    }

    /// <summary>Counts begin anew with each process.</summary>
    private static string Key(AttachmentStatus status) => $"{status.Id} {status.Process}";

    private void Show(IReadOnlyList<AttachmentPace> paces)
    {
        if (isJson)
        {
            output.WriteLine(JsonSerializer.Serialize(
                [.. paces.Select(static pace => pace.Status)], DaemonJson.Default.IReadOnlyListAttachmentStatus));
        }
        else if (_isTerminal)
        {
            var screen = new StringBuilder(Home);
            foreach (var line in LiveScreen.Draw(paces, Width()))
                screen.Append(line).Append(RestOfLine).Append('\n');
            output.Write(screen.Append(RestOfScreen));
        }
        else
        {
            foreach (var pace in paces)
                output.WriteLine(pace.ToString());
        }
        output.Flush();
    }

    private static int Width() => Console.WindowWidth is > 20 and var width ? width : 80;
}

/// <summary>What went on in an attachment between two looks at it.</summary>
internal sealed class AttachmentPace(AttachmentStatus now, AttachmentStatus? before, TimeSpan passed)
{
    public AttachmentStatus Status => now;

    /// <summary>Bytes per second that were read.</summary>
    public long ReadRate => Rate(now.BytesRead, before?.BytesRead);

    /// <summary>Bytes per second that came from the store.</summary>
    public long FetchRate => Rate(now.BytesFetched, before?.BytesFetched);

    /// <summary>Reads per second.</summary>
    public long ReadsPerSecond => Rate(now.Reads, before?.Reads);

    /// <summary>Of all reads so far, the share that memory answered at once; null before the first one.</summary>
    public double? HitRatio => now.Reads == 0 ? null : Math.Clamp(1 - ((double)now.WaitedReads / now.Reads), 0, 1);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{now.Source} {now.MountPoint ?? now.Device}: {ByteCount.Format(ReadRate)}/s read, {ByteCount.Format(FetchRate)}/s fetched, "
        + $"{ReadsPerSecond} reads/s, {HitText} from memory, 99 % within {now.Percentile99Milliseconds:0.0} ms, "
        + $"{now.Fetching?.Count ?? 0} ranges on their way, {now.Health.ToString().ToLowerInvariant()}"
        + $"{(now.Problem is null ? "" : $": {now.Problem}")}");

    public string HitText => HitRatio is { } ratio ? string.Create(CultureInfo.InvariantCulture, $"{100 * ratio:0.0} %") : "-";

    private long Rate(long count, long? earlier) =>
        earlier is null || passed <= TimeSpan.Zero ? 0 : (long)((count - earlier) / passed.TotalSeconds);
}
