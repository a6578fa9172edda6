using Becket.Blocks.Caching;
using Becket.Tests.Blocks.Sources;
using static Becket.Tests.Blocks.Caching.Disk.FilledCache;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Files that were exchanged for others, for links or for pipes, or deleted: nothing of theirs is read or written.</summary>
public sealed class DiskExchangedFileTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;

    private readonly FilledCache _filled = new();

    public void Dispose() => _filled.Dispose();

    [Theory]
    [InlineData("data")]
    [InlineData("index")]
    [InlineData("identity")]
    [InlineData("index data")]
    [InlineData("index data identity")]
    public void Files_of_two_objects_that_changed_places_give_neither_the_others_bytes(string files)
    {
        var other = new KnownObject(12, Known.Size);
        string one, two;
        using (var opened = _filled.OpenFilled())
        {
            using var otherOpened = other.Open(_filled.Cache);
            for (var piece = 0; piece < 40; piece++)
                other.Write(otherOpened, piece);
            (one, two) = (opened.Folder, otherOpened.Folder);
        }
        foreach (var file in files.Split(' '))
        {
            File.Move(Path.Combine(one, file), Path.Combine(one, "away"));
            File.Move(Path.Combine(two, file), Path.Combine(one, file));
            File.Move(Path.Combine(one, "away"), Path.Combine(two, file));
        }
        using var first = Known.Open(_filled.Cache);
        using var second = other.Open(_filled.Cache);
        for (var piece = 0; piece < 40; piece++)
        {
            Known.ReadAndCheck(first, piece);
            other.ReadAndCheck(second, piece);
        }
        AssertCanBeFilledAgain(first);
    }

    [Theory]
    [InlineData("index")]
    [InlineData("data")]
    [InlineData("identity")]
    [InlineData("")]
    public void A_link_in_the_place_of_a_file_or_folder_is_not_followed(string file)
    {
        string folder;
        using (var opened = _filled.OpenFilled())
            folder = opened.Folder;
        using var beside = new TemporaryFolder();
        var victim = beside.AddFile([1, 2, 3]);
        var elsewhere = Directory.CreateDirectory(beside.NewPath()).FullName;
        if (file == "")
        {
            Directory.Delete(folder, recursive: true);
            Directory.CreateSymbolicLink(folder, elsewhere);
        }
        else
        {
            File.Delete(Path.Combine(folder, file));
            File.CreateSymbolicLink(Path.Combine(folder, file), victim);
        }
        using var reopened = Known.Open(_filled.Cache);
        Assert.True(reopened.IsOff);
        Assert.Single(_filled.Warnings);
        Known.Write(reopened, 0);
        _filled.Evict();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(victim));
        Assert.Empty(Directory.GetFiles(elsewhere));
    }

    [Fact]
    public void A_pipe_in_the_place_of_a_file_is_refused()
    {
        string folder;
        using (var opened = _filled.OpenFilled())
            folder = opened.Folder;
        File.Delete(Path.Combine(folder, "data"));
        Assert.NotNull(Shell.Run("mkfifo", Path.Combine(folder, "data")));
        using var reopened = Known.Open(_filled.Cache);
        Assert.True(reopened.IsOff);
        Assert.Contains("is not a regular file", Assert.Single(_filled.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_deleted_under_their_user_are_not_filled_any_further()
    {
        using var opened = _filled.OpenFilled();
        Directory.Delete(opened.Folder, recursive: true);
        _filled.Cache.Look();
        Assert.True(opened.IsOff);
        Assert.False(_filled.Cache.IsOff);
        Assert.Contains("was deleted while in use", Assert.Single(_filled.Warnings), StringComparison.Ordinal);
        Assert.Equal(All, Known.ReadAndCheck(opened, 1));
        using var reopened = Known.Open(_filled.Cache);
        AssertCanBeFilledAgain(reopened);
    }
}
