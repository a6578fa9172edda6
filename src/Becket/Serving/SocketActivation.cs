using System.Globalization;
using System.Net.Sockets;

namespace Becket.Serving;

/// <summary>
/// Listening sockets that the parent process opened and passed on, as systemd and <c>nbdcopy -- [ becket serve ... ]</c>
/// do (sd_listen_fds(3)).
/// </summary>
internal static class SocketActivation
{
    private const int FirstDescriptor = 3;

    /// <summary>The inherited sockets; empty when this process was not activated by a socket.</summary>
    /// <exception cref="CommandException">The parent said that it passed sockets, but did not.</exception>
    public static IReadOnlyList<Socket> Inherit()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("LISTEN_PID"), CultureInfo.InvariantCulture, out var pid)
            || pid != Environment.ProcessId)
        {
            return [];
        }
        if (!int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), CultureInfo.InvariantCulture, out var count) || count < 1)
            return [];

        // Not for our children: a command under --run would take the sockets for its own.
        Environment.SetEnvironmentVariable("LISTEN_PID", null);
        Environment.SetEnvironmentVariable("LISTEN_FDS", null);
        Environment.SetEnvironmentVariable("LISTEN_FDNAMES", null);

        var sockets = new List<Socket>(count);
        for (var descriptor = FirstDescriptor; descriptor < FirstDescriptor + count; descriptor++)
        {
            try
            {
                sockets.Add(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));
            }
            catch (SocketException e)
            {
                throw new CommandException(
                    $"LISTEN_FDS promises {count} sockets, but descriptor {descriptor} is not one: {e.Message}", inner: e);
            }
        }

        return sockets;
    }
}
