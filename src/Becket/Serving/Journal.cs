using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>
/// The systemd journal as standard error. It takes the priority of a line from a mark at its beginning (sd-daemon(3)) and keeps the line
/// without it, so that <c>journalctl -p err</c> finds errors. Nobody else is to see such marks.
/// </summary>
internal static class Journal
{
    /// <summary>Set by whoever has connected standard error with the journal: device and inode of the socket, in decimal.</summary>
    private const string Variable = "JOURNAL_STREAM";

    private const string StandardError = "/proc/self/fd/2";

    /// <summary>Whether standard error is the journal now; a program that is started may have it elsewhere and the same variable.</summary>
    public static bool IsStandardError => IsSame(Environment.GetEnvironmentVariable(Variable), Target());

    /// <summary>Writes a text to standard error; where that is the journal, each line with its priority.</summary>
    public static Task WriteLineAsync(LogLevel level, string text) =>
        Console.Error.WriteLineAsync(IsStandardError ? Prefix(level, text) : text);

    /// <summary>Says to this process, and to those that it starts, that standard error is the journal from now on.</summary>
    public static void Announce() => Environment.SetEnvironmentVariable(Variable, $"0:{InodeOf(Target())}");

    public static string Prefix(LogLevel level, string text)
    {
        var mark = level switch
        {
            LogLevel.Trace or LogLevel.Debug => "<7>",
            LogLevel.Information => "<6>",
            LogLevel.Warning => "<4>",
            LogLevel.Error => "<3>",
            _ => "<2>",
        };
        return mark + text.Replace("\n", $"\n{mark}", StringComparison.Ordinal);
    }

    /// <param name="stream">What the variable says.</param>
    /// <param name="target">
    /// What standard error is, in the kernel's words: sockets have a file system of their own, so the inode is enough.
    /// </param>
    internal static bool IsSame(string? stream, string? target) =>
        stream?.Split(':') is [_, { Length: > 0 } inode] && inode == InodeOf(target);

    private static string? InodeOf(string? target) =>
        target is not null && target.StartsWith("socket:[", StringComparison.Ordinal) && target.EndsWith(']')
            ? target["socket:[".Length..^1]
            : null;

    private static string? Target()
    {
        try
        {
            return new FileInfo(StandardError).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // closed, or no /proc
        }
    }
}
