using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Becket.Blocks.Caching.Disk;

/// <summary>
/// The open files of one object. While they are open nobody deletes or replaces them: they hold a shared lock on the index.
/// </summary>
internal sealed class DiskObjectFiles : IDisposable
{
    private const string IdentityFile = "identity";
    private const string IndexFile = "index";
    private const string DataFile = "data";

    private readonly DiskFile _indexFile;

    private DiskObjectFiles(DiskFile indexFile, DiskFile data, DiskIndexHeader header)
    {
        _indexFile = indexFile;
        Data = data;
        Index = new DiskIndex(indexFile, header);
    }

    public DiskIndex Index { get; }

    /// <summary>The object's bytes, at their own offsets; holes where a block is not here.</summary>
    public DiskFile Data { get; }

    /// <summary>False when somebody has deleted the files under us: what we write is lost and takes space that nobody sees.</summary>
    public bool AreThere => _indexFile.Status().Names > 0 && Data.Status().Names > 0;

    /// <summary>The name of an object's folder.</summary>
    public static string NameOf(string identity) =>
        XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(identity)).ToString("x32", CultureInfo.InvariantCulture);

    public static bool IsName(string name) => name.Length == 32 && name.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// Opens the files of an object and makes them if they are not there. Those that are damaged, of another version of the layout
    /// or of another object (whose hash is the same) are replaced by empty ones, unless a process has them open.
    /// </summary>
    public static DiskObjectFiles Open(DiskCacheFolder cache, string identity, long size)
    {
        var text = Encoding.UTF8.GetBytes(identity);
        var header = new DiskIndexHeader(size, XxHash3.HashToUInt64(text));
        using var gate = cache.Enter();
        using var folder = cache.MakeObject(NameOf(identity));
        using var identityFile = folder.MakeFile(IdentityFile);
        var index = folder.MakeFile(IndexFile);
        DiskFile? data = null;
        try
        {
            data = folder.MakeFile(DataFile);
            if (DiskIndex.ReadHeader(index) != header || !Holds(identityFile, text))
            {
                Lock(index, DiskLibc.LockExclusive, folder);
                Replace(index, data, identityFile, text, header);
            }
            data.SetLength(size); // only damaged files have another length by now
            index.SetLength(DiskIndex.LengthFor(size));
            Lock(index, DiskLibc.LockShared, folder); // no other Becket is in the way: the exclusive one is only taken inside the gate
            return new DiskObjectFiles(index, data, header);
        }
        catch
        {
            index.Dispose();
            data?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens what is in an object's folder for eviction, which needs no lock: a piece is cleared under that piece's own lock, and
    /// clearing the wrong one costs a fetch. Null if it is not what we know how to read.
    /// </summary>
    public static DiskObjectFiles? TryOpenForEviction(DiskFolder folder)
    {
        DiskFile? index = null;
        DiskFile? data = null;
        try
        {
            index = folder.OpenFile(IndexFile);
            data = folder.OpenFile(DataFile);
            if (index is not null && data is not null && DiskIndex.ReadHeader(index) is { } header)
                return new DiskObjectFiles(index, data, header);
        }
        catch (BlockDeviceException)
        {
            // A link or a folder in the place of a file: not ours.
        }
        index?.Dispose();
        data?.Dispose();
        return null;
    }

    /// <summary>Deletes an object's folder unless a process has it open.</summary>
    public static void DeleteUnlessOpen(DiskCacheFolder cache, DiskFolder folder)
    {
        using var gate = cache.Enter();
        DiskFile? index = null;
        try
        {
            index = folder.OpenFile(IndexFile);
            if (index is null || index.TryLockWhole(DiskLibc.LockExclusive))
                cache.DeleteObject(folder);
        }
        catch (BlockDeviceException)
        {
            // Something else in the place of the index: whoever put it there may take it away.
        }
        finally
        {
            index?.Dispose();
        }
    }

    public void Dispose()
    {
        _indexFile.Dispose();
        Data.Dispose();
    }

    /// <summary>The header comes last: until then the files are nobody's, and whoever finds them so starts again.</summary>
    private static void Replace(DiskFile index, DiskFile data, DiskFile identityFile, byte[] identity, DiskIndexHeader header)
    {
        index.SetLength(0);
        data.SetLength(0);
        identityFile.SetLength(0);
        identityFile.Write(0, identity);
        data.SetLength(header.Size);
        index.SetLength(DiskIndex.LengthFor(header.Size));
        DiskIndex.WriteHeader(index, header);
    }

    private static void Lock(DiskFile index, int kind, DiskFolder folder)
    {
        if (!index.TryLockWhole(kind))
            throw new BlockDeviceException(
                BlockError.Invalid, $"{folder.Path} is damaged or another object's, and is in use; stop what uses it");
    }

    private static bool Holds(DiskFile file, byte[] content)
    {
        var found = new byte[content.Length + 1]; // one more, to see that there is no more
        return file.Read(0, found) == content.Length && found.AsSpan(0, content.Length).SequenceEqual(content);
    }
}
