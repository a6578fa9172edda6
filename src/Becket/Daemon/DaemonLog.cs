using System.Net.Sockets;
using System.Text;
using Becket.Serving;

namespace Becket.Daemon;

/// <summary>
/// Where a background process's standard error goes: the systemd journal, or a file. Done on the descriptor itself, so that
/// the processes that it starts write there too.
/// </summary>
internal static class DaemonLog
{
    private const int StandardError = 2;
    private const string JournalSocket = "/run/systemd/journal/stdout";

    /// <summary>Sends standard error of this process, and of those that it starts from now on, to the log.</summary>
    /// <param name="file">The file; null for the journal, or <paramref name="fallback"/> where there is no journal.</param>
    /// <param name="fallback">The file where there is no journal.</param>
    /// <returns>Where the log is, for people.</returns>
    public static string Redirect(string? file, string fallback)
    {
        if (file is null && TryJournal())
            return "journalctl -t becket";
        file ??= fallback;
        using var log = Posix.Open(file, Posix.OpenToAppend, Posix.OwnerOnly);
        if (log.IsInvalid || Posix.Duplicate(log, StandardError) < 0)
            throw new CommandException($"the log {file} cannot be written: {Posix.LastErrorText}");
        return file;
    }

    /// <summary>The protocol of systemd-cat(1): a header of seven lines, then text.</summary>
    private static bool TryJournal()
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists(JournalSocket))
            return false;
        try
        {
            // Left open: its descriptor lives on as standard error.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(JournalSocket));
            // Identifier, unit, priority, that lines may begin with another one, and three ways of forwarding.
            socket.Send(Encoding.ASCII.GetBytes("becket\n\n6\n1\n0\n0\n0\n"));
            if (Posix.Duplicate(socket.SafeHandle.DangerousGetHandle().ToInt32(), StandardError) < 0)
                return false;
            Journal.Announce();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
