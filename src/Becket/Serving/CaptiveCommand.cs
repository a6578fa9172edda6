using System.Diagnostics;

namespace Becket.Serving;

/// <summary>
/// A shell command that runs as long as the server does and is told where it is, as <c>nbdkit --run</c> has it
/// (nbdkit-captive(1)). The server stops when the command ends.
/// </summary>
internal static class CaptiveCommand
{
    /// <summary>Runs the command and returns its exit code; when <paramref name="stopping"/> fires, it is asked to end.</summary>
    public static async Task<int> RunAsync(string command, ServerAddress address, CancellationToken stopping)
    {
        // The variables are shell variables and not exported ones, so that a user's $uri in single quotes works and
        // nothing leaks into the environment of what the command starts.
        var script = $"""
            uri={Quote(address.Uri)}
            nbd={Quote(address.QemuName)}
            unixsocket={Quote(address.UnixSocket ?? "")}
            port={Quote(address.Port ?? "")}
            exportname={Quote(address.ExportName)}
            {command}
            """;

        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", script }, UseShellExecute = false };
        InlineSockets.HideFrom(start);
        using var process = Process.Start(start) ?? throw new CommandException("/bin/sh could not be started");
        using var registration = stopping.Register(() => _ = Posix.Kill(process.Id, Posix.SigTerm));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
