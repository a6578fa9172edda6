using System.Net.Sockets;
using Becket.Serving;

namespace Becket.Tests.Program;

public sealed class UnixListenerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    private string SocketPath => Path.Combine(_folder.FullName, "sock");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Only_the_owner_may_connect_and_the_path_goes_away()
    {
        using (UnixListener.Listen(SocketPath))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));

        Assert.False(Path.Exists(SocketPath));
    }

    [Fact]
    public void A_socket_that_a_killed_server_left_behind_is_replaced()
    {
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath));
            // .NET removes the path of a socket that it bound; a killed process does not. Hence the move and back.
            File.Move(SocketPath, SocketPath + ".kept");
        }

        File.Move(SocketPath + ".kept", SocketPath);
        using var listener = UnixListener.Listen(SocketPath);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
        Assert.True(client.Connected);
    }

    [Fact]
    public void A_socket_that_a_live_server_uses_is_refused_and_left_alone()
    {
        using var live = UnixListener.Listen(SocketPath);

        var error = Assert.Throws<CommandException>(() => UnixListener.Listen(SocketPath));

        Assert.Contains("in use by a live server", error.Message, StringComparison.Ordinal);
        Assert.True(Path.Exists(SocketPath));
    }

    /// <summary>In each round one ends while the others begin: it is never cut off, and they do not cut off one another.</summary>
    [Fact]
    public async Task Of_several_that_come_and_go_at_once_one_listens_and_is_whom_clients_reach()
    {
        const int Servers = 4;
        var listeners = new UnixListener?[Servers];
        using var together = new Barrier(Servers, _ =>
        {
            var listener = Assert.Single(listeners.OfType<UnixListener>());
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            client.Connect(new UnixDomainSocketEndPoint(SocketPath));
            Assert.True(listener.Socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead), "a client reached somebody else");
        });

        void ComeAndGo(int i)
        {
            for (var round = 0; round < 300; round++)
            {
                listeners[i]?.Dispose();
                listeners[i] = TryListen();
                Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(10)), "another one has failed");
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Servers).Select(i => Task.Factory.StartNew(
            () => ComeAndGo(i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        foreach (var listener in listeners)
            listener?.Dispose();
        Assert.False(Path.Exists(SocketPath));
    }

    [Fact]
    public void A_file_in_the_way_is_never_deleted()
    {
        File.WriteAllText(SocketPath, "precious");

        Assert.Contains(
            "is not a socket",
            Assert.Throws<CommandException>(() => UnixListener.Listen(SocketPath)).Message,
            StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    [Fact]
    public void A_path_too_long_for_the_kernel_is_refused() =>
        Assert.Contains(
            "107",
            Assert.Throws<CommandException>(() => UnixListener.Listen("/tmp/" + new string('x', 110))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_missing_folder_is_named() =>
        Assert.Contains(
            "folder does not exist",
            Assert.Throws<CommandException>(() => UnixListener.Listen(Path.Combine(_folder.FullName, "no", "sock"))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_temporary_socket_takes_its_folder_with_it()
    {
        var listener = UnixListener.ListenInTemporaryFolder();
        var folder = Path.GetDirectoryName(listener.Path)!;

        listener.Dispose();

        Assert.False(Directory.Exists(folder));
    }

    private UnixListener? TryListen()
    {
        try
        {
            return UnixListener.Listen(SocketPath);
        }
        catch (CommandException e)
        {
            Assert.Contains("in use by a live server", e.Message, StringComparison.Ordinal);
            return null;
        }
    }
}
