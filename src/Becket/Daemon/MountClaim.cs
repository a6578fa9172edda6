using System.Security.Cryptography;
using System.Text;
using Becket.Mounting;
using Microsoft.Win32.SafeHandles;

namespace Becket.Daemon;

/// <summary>
/// One process's right to mount on a folder, from before it looks at the folder until the mount table shows the mount: without it two
/// would find the folder free and mount one over the other. A lock that the kernel takes away with its process; the file that it is on
/// goes when it is disposed, and one that a killed process has left is in nobody's way.
/// </summary>
internal sealed class MountClaim : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;

    private MountClaim(string path, SafeFileHandle file) => (_path, _file) = (path, file);

    /// <summary>Claims a folder and checks it.</summary>
    /// <param name="mountPoint">Its path in the words of the mount table.</param>
    /// <param name="folder">The state of the attachment that is to be mounted.</param>
    /// <exception cref="CommandException">Another process claims it or comes back to it; it is missing, no folder, or taken.</exception>
    public static MountClaim Take(string mountPoint, StateFolder folder)
    {
        // Beside the folders of attachments, where nobody else may make or lock a file.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(mountPoint)).AsSpan(0, 16));
        var claim = Lock(Path.Combine(StateFolder.Root, $"mounting-{name}.lock"), mountPoint);
        try
        {
            // A mount whose server has died may be away for a moment, until there is another one.
            if (AttachmentFinder.At(mountPoint) is { IsAttended: true, State: { } other } owner && owner.Id != folder.Id)
                throw AttachmentFinder.MountedAlready(other);
            MountPoint.Check(mountPoint);
            return claim;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Deleted while it is still locked: whoever has opened it already sees that it is gone, and makes another one.</summary>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        File.Delete(_path);
        _file.Dispose();
    }

    private static MountClaim Lock(string path, string mountPoint)
    {
        while (true)
        {
            switch (LockFile.TryTake(path, out var file))
            {
                case LockOutcome.Taken:
                    return new MountClaim(path, file);
                case LockOutcome.Held:
                    throw new CommandException(
                        $"another process is just mounting on {mountPoint}; "
                        + "'becket list' shows it when it is done, or choose another folder");
                case LockOutcome.Impossible:
                    throw new CommandException($"{path} cannot be made: {Posix.LastErrorText}");
                case LockOutcome.Gone:
                    break; // another one's, who is done: a new file is made
            }
        }
    }
}
