using Microsoft.Win32.SafeHandles;

namespace Becket.Serving;

/// <summary>
/// Keeps others of our kind from making and removing sockets in a folder for a moment (flock(2) of the folder itself). A courtesy: a
/// folder that cannot be locked, or that a stranger holds, is used without.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>Those who hold it make a few calls.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SafeFileHandle _folder;

    private FolderLock(SafeFileHandle folder) => _folder = folder;

    /// <summary>Waits for the lock, for a second at most.</summary>
    public static FolderLock Take(string folder)
    {
        var handle = Posix.Open(folder, Posix.OpenToLook, 0);
        SpinWait.SpinUntil(
            () => handle.IsInvalid || Posix.LockWhole(handle, Posix.LockExclusively) == 0 || Posix.LastError != Posix.WouldBlock,
            Patience);
        return new FolderLock(handle);
    }

    public void Dispose() => _folder.Dispose();
}
