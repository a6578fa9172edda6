using System.Globalization;

namespace Becket.Watching;

/// <summary>Draws the live view: for each attachment a few lines of text and a bar that shows where in the object it fetches.</summary>
internal static class LiveScreen
{
    private const char Empty = '·';
    private const char Fetched = '█';

    public static IEnumerable<string> Draw(IReadOnlyList<AttachmentPace> paces, int width)
    {
        yield return Fit($"becket: {paces.Count} attached; Ctrl-C ends this view and nothing else", width);
        foreach (var pace in paces)
        {
            var status = pace.Status;
            yield return "";
            var place = status.MountPoint is null ? "" : $" on {status.MountPoint}";
            var health = status.Health.ToString().ToLowerInvariant();
            yield return Fit($"{status.Source}  {ByteCount.Format(status.Size)}  {status.Device}{place}  {health}", width);
            yield return Fit(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  read    {ByteCount.Format(pace.ReadRate),10}/s  {pace.ReadsPerSecond,8} reads/s   "
                    + $"from memory {pace.HitText,7}   99 % within {status.Percentile99Milliseconds:0.0} ms"),
                width);
            yield return Fit(
                $"  fetched {ByteCount.Format(pace.FetchRate),10}/s  {status.Fetching?.Count ?? 0,8} under way   "
                + $"in memory {ByteCount.Format(status.BytesInMemory)}   failed {status.FailedReads}",
                width);
            yield return $"  [{Map(status, Math.Max(10, width - 4))}]";
            if (status.Problem is { } problem)
                yield return Fit($"  ! {problem}", width);
        }
    }

    /// <summary>The object from its first byte to its last; marked where something is on its way.</summary>
    private static string Map(Daemon.AttachmentStatus status, int cells)
    {
        var map = new string(Empty, cells).ToCharArray();
        foreach (var range in status.Fetching ?? [])
        {
            var first = (int)(cells * (double)range.Offset / status.Size);
            var last = (int)(cells * (double)(range.Offset + range.Length - 1) / status.Size);
            for (var cell = Math.Max(0, first); cell <= Math.Min(last, cells - 1); cell++)
                map[cell] = Fetched;
        }
        return new string(map);
    }

    private static string Fit(string line, int width) => line.Length <= width ? line : $"{line[..(width - 1)]}…";
}
