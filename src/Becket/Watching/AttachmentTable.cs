using System.Globalization;
using System.Text;
using Becket.Daemon;

namespace Becket.Watching;

/// <summary>What is attached, as a table for people: a line each, and below it what is wrong.</summary>
internal static class AttachmentTable
{
    private static readonly string[] Headings = ["SOURCE", "DEVICE", "MOUNTED ON", "TYPE", "SIZE", "READ", "CACHED", "HEALTH"];

    public static string Format(IReadOnlyList<AttachmentStatus> attachments)
    {
        string[][] rows = [Headings, .. attachments.Select(Row)];
        var widths = Enumerable.Range(0, Headings.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < rows.Length; i++)
        {
            text.Append(string.Join("  ", rows[i].Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
            if (i > 0 && attachments[i - 1].Problem is { } problem)
                text.Append("  ").Append(problem).Append('\n');
        }
        return text.ToString();
    }

    private static string[] Row(AttachmentStatus status) =>
    [
        status.Source,
        status.Device,
        status.MountPoint ?? "-",
        status.FileSystem ?? "-",
        ByteCount.Format(status.Size),
        ByteCount.Format(status.BytesRead),
        Share(status.BytesInMemory, status.Size),
        status.Health.ToString().ToLowerInvariant(),
    ];

    private static string Share(long part, long whole) =>
        part == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{ByteCount.Format(part)} ({100.0 * part / whole:0} %)");
}
