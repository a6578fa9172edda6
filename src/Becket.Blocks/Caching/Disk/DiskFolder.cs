using Becket.Blocks.Sources;
using Microsoft.Win32.SafeHandles;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// A folder of the cache, held open. What is in it is reached through its descriptor and never through a symbolic link, so a
/// link that somebody puts in the place of a file or folder is an error, not a way out. Failures are
/// <see cref="BlockDeviceException"/>s that name the path.
/// </summary>
internal sealed class DiskFolder : IDisposable
{
    private const uint OwnerOnlyFolder = 0x1C0; // 0700
    private const uint OwnerOnlyFile = 0x180; // 0600
    private const ushort WritableByOthers = 0x12; // 0022

    private readonly SafeFileHandle _handle;

    private DiskFolder(SafeFileHandle handle, string path) => (_handle, Path) = (handle, path);

    public string Path { get; }

    /// <summary>
    /// Opens the folder that the user named, and makes it if it is not there. Links are followed on this one path: it is the user's.
    /// </summary>
    public static DiskFolder OpenRoot(string path)
    {
        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (FileFailure.IsFileError(e))
        {
            throw FileFailure.From(path, "make the cache folder", e);
        }
        var handle = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenCloseOnExec | DiskLibc.FolderOnly);
        if (handle.IsInvalid)
            throw FileFailure.From(path, "open the cache folder", Libc.LastError);
        var folder = new DiskFolder(handle, path);
        try
        {
            folder.EnsureOnlyOursToWrite();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A folder in this one; null if there is none.</summary>
    public DiskFolder? OpenFolder(string name)
    {
        var handle = DiskLibc.OpenAt(
            _handle, name, Libc.OpenReadOnly | Libc.OpenCloseOnExec | DiskLibc.FolderOnly | DiskLibc.NoFollow, 0);
        if (!handle.IsInvalid)
            return new DiskFolder(handle, PathOf(name));
        return Libc.LastError == Errno.NoEntry ? null : throw FileFailure.From(PathOf(name), "open it", Libc.LastError);
    }

    public DiskFolder MakeFolder(string name)
    {
        const Errno exists = (Errno)17;
        if (DiskLibc.MakeFolderAt(_handle, name, OwnerOnlyFolder) < 0 && Libc.LastError != exists)
            throw FileFailure.From(PathOf(name), "make it", Libc.LastError);
        return OpenFolder(name) ?? throw FileFailure.From(PathOf(name), "open it", Errno.NoEntry);
    }

    /// <summary>A file in this folder, for reading and writing; null if there is none.</summary>
    public DiskFile? OpenFile(string name) => OpenFile(name, 0);

    public DiskFile MakeFile(string name) =>
        OpenFile(name, DiskLibc.Create) ?? throw FileFailure.From(PathOf(name), "make it", Errno.NoEntry);

    /// <summary>What is in it, in no order; files that come and go meanwhile may be among them or not.</summary>
    public string[] Names()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (FileFailure.IsFileError(e))
        {
            throw FileFailure.From(Path, "list it", e);
        }
    }

    /// <summary>Bytes on disk of the files that lie directly in it.</summary>
    public long Allocated()
    {
        var sum = 0L;
        foreach (var name in Names())
        {
            if (DiskLibc.StatusOf(_handle, name, out var status) == 0)
                sum += status.Allocated;
        }
        return sum;
    }

    /// <summary>Deletes a folder in this one with the files in it. One that has folders in it stays.</summary>
    public void DeleteFolder(DiskFolder folder)
    {
        foreach (var name in folder.Names())
            _ = DiskLibc.RemoveAt(folder._handle, name, 0);
        _ = DiskLibc.RemoveAt(_handle, System.IO.Path.GetFileName(folder.Path), DiskLibc.RemoveFolder);
    }

    public void Dispose() => _handle.Dispose();

    private DiskFile? OpenFile(string name, int flags)
    {
        var handle = DiskLibc.OpenAt(
            _handle, name, Libc.OpenReadWrite | Libc.OpenCloseOnExec | DiskLibc.NoFollow | flags, OwnerOnlyFile);
        if (handle.IsInvalid)
            return Libc.LastError == Errno.NoEntry ? null : throw FileFailure.From(PathOf(name), "open it", Libc.LastError);
        var file = new DiskFile(handle, PathOf(name));
        if (file.Status().Kind == FileKind.Regular)
            return file;
        file.Dispose();
        throw new BlockDeviceException(BlockError.Invalid, $"{PathOf(name)} is not a regular file");
    }

    /// <summary>Checksums find damage, not malice: whoever may write here decides what the devices' bytes are.</summary>
    private void EnsureOnlyOursToWrite()
    {
        if (DiskLibc.StatusOf(_handle, "", out var status) < 0)
            throw FileFailure.From(Path, "find out whose it is", Libc.LastError);
        if (status.Owner != DiskLibc.CurrentUser())
            throw new BlockDeviceException(BlockError.Invalid, $"{Path} belongs to another user; a cache folder must be your own");
        if ((status.Mode & WritableByOthers) != 0)
            throw new BlockDeviceException(BlockError.Invalid, $"{Path} may be written by other users: chmod go-w it");
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
