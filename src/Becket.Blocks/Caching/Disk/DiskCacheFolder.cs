namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The folder of the whole cache: a folder for each object, and two files that the processes which share it lock. Whatever else
/// lies in it is not ours, neither counted nor deleted.
/// </summary>
internal sealed class DiskCacheFolder : IDisposable
{
    private const string GateFile = "lock";
    private const string HandFile = "hand";

    private readonly DiskFolder _folder;

    private DiskCacheFolder(DiskFolder folder) => _folder = folder;

    public string Path => _folder.Path;

    /// <summary>Opens or makes it, and tries what the cache asks of a filesystem.</summary>
    public static DiskCacheFolder Open(string path)
    {
        var folder = DiskFolder.OpenRoot(path);
        try
        {
            using var gate = folder.MakeFile(GateFile);
            gate.LockWhole(DiskLibc.LockExclusive);
            _ = gate.TryLock(RangeLockKind.Exclusive, 0, 1);
            gate.PunchHole(0, DiskIndex.Page);
            return new DiskCacheFolder(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Waits until no other process makes, replaces or deletes the folder of an object, and keeps them from it until the result is
    /// disposed. All of that is short.
    /// </summary>
    public DiskFile Enter()
    {
        var gate = _folder.MakeFile(GateFile);
        try
        {
            gate.LockWhole(DiskLibc.LockExclusive);
            return gate;
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    /// <summary>The file of the eviction's hand, which is also the right to evict; null while another process has it.</summary>
    public DiskFile? TryTakeHand()
    {
        var hand = _folder.MakeFile(HandFile);
        try
        {
            if (hand.TryLockWhole(DiskLibc.LockExclusive))
                return hand;
        }
        catch
        {
            hand.Dispose();
            throw;
        }
        hand.Dispose();
        return null;
    }

    public IEnumerable<string> ObjectNames() => _folder.Names().Where(DiskObjectFiles.IsName);

    /// <summary>The folder of an object; null if there is none, or something else in its place.</summary>
    public DiskFolder? OpenObject(string name)
    {
        try
        {
            return _folder.OpenFolder(name);
        }
        catch (BlockDeviceException)
        {
            return null;
        }
    }

    public DiskFolder MakeObject(string name) => _folder.MakeFolder(name);

    /// <summary>Deletes an object's folder; only inside the gate.</summary>
    public void DeleteObject(DiskFolder folder) => _folder.DeleteFolder(folder);

    /// <summary>Bytes on disk of all files of all objects, as the filesystem counts them: right whatever crashed before.</summary>
    public long Allocated()
    {
        var sum = 0L;
        foreach (var name in ObjectNames())
        {
            using var folder = OpenObject(name);
            sum += folder?.Allocated() ?? 0;
        }
        return sum;
    }

    public void Dispose() => _folder.Dispose();
}
