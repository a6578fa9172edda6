using System.Net.Sockets;

namespace Becket.Serving;

/// <summary>
/// A listening unix socket at a path. Only its owner may connect unless it is said otherwise; disposing it removes the path.
/// </summary>
internal sealed class UnixListener : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public const UnixFileMode Everybody =
        OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const int Backlog = 128;

    /// <summary>sockaddr_un holds 108 bytes, one of them for the terminating zero.</summary>
    private const int MaximumPath = 107;

    private const int NoSuchDeviceOrAddress = 6; // ENXIO

    private readonly DirectoryInfo? _temporaryFolder;

    private UnixListener(string path, Socket socket, DirectoryInfo? temporaryFolder) =>
        (Path, Socket, _temporaryFolder) = (path, socket, temporaryFolder);

    public string Path { get; }

    public Socket Socket { get; }

    /// <summary>Binds and listens. A path that a server left behind is replaced; one that a live server uses is an error.</summary>
    /// <exception cref="CommandException">The path cannot be used.</exception>
    public static UnixListener Listen(string path) => Listen(path, OwnerOnly);

    /// <inheritdoc cref="Listen(string)"/>
    public static UnixListener Listen(string path, UnixFileMode mode) => Listen(path, mode, temporaryFolder: null);

    private static UnixListener Listen(string path, UnixFileMode mode, DirectoryInfo? temporaryFolder)
    {
        path = System.IO.Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaximumPath)
        {
            throw new CommandException(
                $"the socket path {path} is longer than {MaximumPath} bytes, the most that the kernel takes; choose a shorter one");
        }

        // Nobody else finds the path between two steps, and takes it for one that was left behind.
        using var folder = FolderLock.Take(System.IO.Path.GetDirectoryName(path)!);
        RemoveStale(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // Between bind and listen nobody can connect yet, so there is no moment at which others may.
            File.SetUnixFileMode(path, mode);
            socket.Listen(Backlog);
            return new UnixListener(path, socket, temporaryFolder);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new CommandException($"cannot create the socket {path}: {Reason(e, path)}", inner: e);
        }
    }

    /// <summary>A listener in a new folder that only this user can enter; for <c>--run</c> and <c>-U -</c>.</summary>
    public static UnixListener ListenInTemporaryFolder()
    {
        var folder = Directory.CreateTempSubdirectory("becket-");
        return Listen(System.IO.Path.Combine(folder.FullName, "socket"), OwnerOnly, folder);
    }

    /// <summary>Gives the path, and the temporary folder, to the user that the server becomes.</summary>
    public void GiveTo(ServingUser user)
    {
        user.TakeOver(Path);
        if (_temporaryFolder is not null)
            user.TakeOver(_temporaryFolder.FullName);
    }

    public void Dispose()
    {
        using (FolderLock.Take(System.IO.Path.GetDirectoryName(Path)!))
        {
            Socket.Dispose();
            LeftBehind.Remove(Path);
        }
        if (_temporaryFolder is not null)
            RemoveFolder(_temporaryFolder);
    }

    /// <summary>In a sticky /tmp its owner, who the server may be by now, can remove it.</summary>
    private static void RemoveFolder(DirectoryInfo folder)
    {
        try
        {
            folder.Delete();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            Console.Error.WriteLine($"becket: {folder.FullName} stays: {e.Message}");
        }
    }

    private static void RemoveStale(string path)
    {
        if (!System.IO.Path.Exists(path))
            return;

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path); // nobody listens: left behind by a server that was killed
            return;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new CommandException($"the socket path {path} belongs to somebody else; choose another one");
        }
        catch (SocketException)
        {
            throw new CommandException($"{path} exists and is not a socket; remove it or choose another path for the socket");
        }

        throw new CommandException($"the socket {path} is in use by a live server; stop it or choose another path");
    }

    /// <summary>Opening a socket's path as a file fails with ENXIO, and with nothing else; a file opens.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return false;
        }
        catch (IOException e)
        {
            return e.HResult == NoSuchDeviceOrAddress;
        }
    }

    private static string Reason(Exception e, string path) => e switch
    {
        SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException => "permission denied",
        _ when !Directory.Exists(System.IO.Path.GetDirectoryName(path)) => "its folder does not exist",
        _ => e.Message,
    };
}
