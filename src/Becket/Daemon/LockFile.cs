using Microsoft.Win32.SafeHandles;

namespace Becket.Daemon;

/// <summary>
/// A file whose lock says that somebody is there: the kernel takes the lock away with its process, whatever that died of. The lock belongs
/// to the open file, so that whoever holds it may be another part of the same process. For its owner's eyes (0600).
/// </summary>
internal static class LockFile
{
    /// <summary>Takes the lock, and makes the file where there is none. Never waits.</summary>
    /// <param name="path">The file.</param>
    /// <param name="file">With <see cref="LockOutcome.Taken"/>: holds the lock until it is disposed. Otherwise closed.</param>
    public static LockOutcome TryTake(string path, out SafeFileHandle file)
    {
        file = Posix.Open(path, Posix.OpenOrCreate, Posix.OwnerOnly);
        if (file.IsInvalid)
            return LockOutcome.Impossible;
        var whole = new Posix.FileLock { Kind = Posix.FileLock.Exclusive };
        var outcome = Posix.Lock(file, Posix.TakeLock, ref whole) < 0 ? LockOutcome.Held
            : IsDeleted(file) ? LockOutcome.Gone
            : LockOutcome.Taken;
        if (outcome != LockOutcome.Taken)
            file.Dispose();
        return outcome;
    }

    /// <summary>Whether somebody has the lock. Only looks: whoever takes it meanwhile gets it.</summary>
    public static bool IsHeld(string path)
    {
        using var file = Posix.Open(path, Posix.OpenToLook, 0);
        var whole = new Posix.FileLock { Kind = Posix.FileLock.Exclusive };
        return !file.IsInvalid && Posix.Lock(file, Posix.AskForLock, ref whole) == 0 && whole.Kind != Posix.FileLock.Free;
    }

    /// <summary>The name of the folder that the file is in now, wherever it was opened; null where the file is gone.</summary>
    public static string? FolderOf(SafeFileHandle file) => IsDeleted(file) ? null : Path.GetFileName(Path.GetDirectoryName(PathOf(file)));

    /// <summary>The kernel says so of a name that is gone.</summary>
    private static bool IsDeleted(SafeFileHandle file) => PathOf(file)?.EndsWith(" (deleted)", StringComparison.Ordinal) != false;

    private static string? PathOf(SafeFileHandle file) => new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget;
}

/// <summary>How an attempt to take a lock ended.</summary>
internal enum LockOutcome
{
    Taken,

    /// <summary>Somebody else has it.</summary>
    Held,

    /// <summary>The file that was locked is not the one that is there any more: its owner has removed it meanwhile.</summary>
    Gone,

    /// <summary>It could be neither opened nor made; <see cref="Posix.LastErrorText"/> says why.</summary>
    Impossible,
}
