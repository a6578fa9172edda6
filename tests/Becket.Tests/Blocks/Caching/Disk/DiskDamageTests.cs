using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Whatever is done to the files: never a wrong byte, never an exception, and the block can be stored again.</summary>
public sealed class DiskDamageTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();
    private readonly KnownObject _known = new(11, 40 * CacheGeometry.Piece);
    private readonly DiskCache _cache;

    public DiskDamageTests() => _cache = OpenCache();

    public void Dispose()
    {
        _cache.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_flipped_bit_in_the_data_costs_its_block_and_one_warning()
    {
        using var opened = OpenFilled();
        var block = FirstDataBlock(7);
        Flip(Path.Combine(opened.Folder, "data"), (7 * CacheGeometry.Piece) + (block * CacheGeometry.Block) + 77);
        var bit = 1u << block;

        Assert.Equal(All, opened.Present(7));
        Assert.Equal(All & ~bit, _known.ReadAndCheck(opened, 7));
        Assert.Equal(All & ~bit, opened.Present(7));
        Assert.Equal(1, opened.DamagedBlocks);
        var warning = Assert.Single(_log.Warnings);
        Assert.Contains(_known.Identity, warning, StringComparison.Ordinal);
        Assert.Contains($"at {(7 * CacheGeometry.Piece) + (block * CacheGeometry.Block)} in", warning, StringComparison.Ordinal);

        _known.Write(opened, 7, bit);
        Assert.Equal(All, _known.ReadAndCheck(opened, 7));
    }

    [Fact]
    public void Much_damage_is_one_warning_and_all_of_it_is_counted()
    {
        using var opened = OpenFilled();
        Fill(Path.Combine(opened.Folder, "data"), 0, 40 * CacheGeometry.Piece, new Random(1));
        var stored = 0;
        for (var piece = 0; piece < 40; piece++)
        {
            Assert.Equal(_known.Zeroes(piece), _known.ReadAndCheck(opened, piece));
            stored += System.Numerics.BitOperations.PopCount(~_known.Zeroes(piece));
        }
        Assert.Equal(stored, opened.DamagedBlocks);
        Assert.Single(_log.Warnings);
        AssertCanBeFilledAgain(opened);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_block_whose_mark_has_a_flipped_bit_is_not_read(int seed)
    {
        using var opened = OpenFilled();
        var random = new Random(seed);
        var marks = DiskIndex.LengthFor(_known.Size) - (40 * 256);
        for (var i = 0; i < 40; i++)
        {
            var block = random.Next(32);
            Flip(Path.Combine(opened.Folder, "index"), marks + (i * 256) + (block * 8) + random.Next(8));
            Assert.Equal(All & ~(1u << block), _known.ReadAndCheck(opened, i));
        }
        AssertCanBeFilledAgain(opened);
    }

    [Fact]
    public void A_flipped_bit_does_not_make_an_absent_block_a_block_of_zeroes()
    {
        using var opened = _known.Open(_cache);
        _known.Write(opened, 0, 1);
        var marks = DiskIndex.LengthFor(_known.Size) - (40 * 256);
        for (var bit = 0; bit < 64; bit++)
        {
            Flip(Path.Combine(opened.Folder, "index"), marks + (5 * 256) + (bit / 8), (byte)(1 << (bit % 8)));
            Assert.Equal(0u, _known.ReadAndCheck(opened, 5));
        }
    }

    [Theory]
    [InlineData("index", 0)]
    [InlineData("index", 20)]
    [InlineData("index", 4096)]
    [InlineData("index", 5000)]
    [InlineData("index", 8192 + 777)]
    [InlineData("data", 0)]
    [InlineData("data", 1_000_001)]
    [InlineData("identity", 3)]
    public void A_file_that_is_cut_off_under_its_users_and_after_them_loses_what_it_lost(string file, long length)
    {
        using (var opened = OpenFilled())
        {
            Cut(Path.Combine(opened.Folder, file), length);
            for (var piece = 0; piece < 40; piece++)
            {
                opened.Use(piece);
                _known.ReadAndCheck(opened, piece);
                Assert.Equal(0u, opened.Zero(piece) & ~_known.Zeroes(piece));
            }
            AssertCanBeFilledAgain(opened);
            opened.FlushUses();
            Cut(Path.Combine(opened.Folder, file), length);
        }
        using var reopened = _known.Open(_cache);
        AssertCanBeFilledAgain(reopened);
    }

    [Theory]
    [InlineData("index", 0, 4096)]
    [InlineData("index", 4096, 4096)]
    [InlineData("index", 8192, 40 * 256)]
    [InlineData("index", 0, 100_000)]
    [InlineData("data", 0, 50 * CacheGeometry.Piece)]
    [InlineData("identity", 0, 5000)]
    public void Random_bytes_in_any_file_are_found_out(string file, int from, int count)
    {
        using (var opened = OpenFilled())
        {
            Fill(Path.Combine(opened.Folder, file), from, count, new Random(2));
            ReadAllAndEvict(opened);
            AssertCanBeFilledAgain(opened);
            Fill(Path.Combine(opened.Folder, file), from, count, new Random(3));
        }
        using var reopened = _known.Open(_cache);
        ReadAllAndEvict(reopened);
        AssertCanBeFilledAgain(reopened);
    }

    [Theory]
    [InlineData("data")]
    [InlineData("index")]
    [InlineData("identity")]
    [InlineData("index data")]
    [InlineData("index data identity")]
    public void Files_of_two_objects_that_changed_places_give_neither_the_others_bytes(string files)
    {
        var other = new KnownObject(12, _known.Size);
        string one, two;
        using (var opened = OpenFilled())
        {
            using var otherOpened = other.Open(_cache);
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
        using var first = _known.Open(_cache);
        using var second = other.Open(_cache);
        for (var piece = 0; piece < 40; piece++)
        {
            _known.ReadAndCheck(first, piece);
            other.ReadAndCheck(second, piece);
        }
        AssertCanBeFilledAgain(first);
    }

    [Fact]
    public void A_damaged_header_under_a_user_keeps_others_out_until_he_is_gone()
    {
        using (var opened = OpenFilled())
        {
            Flip(Path.Combine(opened.Folder, "index"), 9);
            using var second = _known.Open(_cache);
            Assert.True(second.IsOff);
            Assert.Contains("is in use", Assert.Single(_log.Warnings), StringComparison.Ordinal);
            Assert.Equal(0u, second.Present(3));
            Assert.Equal(0u, _known.ReadAndCheck(second, 3));
            Assert.Equal(0u, second.ReadCached(3, All, new byte[CacheGeometry.Piece]));
            _known.Write(second, 3);
            second.Use(3);
            Assert.False(opened.IsOff);
            Assert.Equal(All, _known.ReadAndCheck(opened, 3));
        }
        using var third = _known.Open(_cache);
        Assert.False(third.IsOff);
        Assert.Equal(0u, third.Present(3));
        AssertCanBeFilledAgain(third);
    }

    [Theory]
    [InlineData("index")]
    [InlineData("data")]
    [InlineData("identity")]
    [InlineData("")]
    public void A_link_in_the_place_of_a_file_or_folder_is_not_followed(string file)
    {
        string folder;
        using (var opened = OpenFilled())
            folder = opened.Folder;
        var victim = _folder.AddFile([1, 2, 3]);
        var elsewhere = Directory.CreateDirectory(_folder.NewPath()).FullName;
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
        using var reopened = _known.Open(_cache);
        Assert.True(reopened.IsOff);
        Assert.Single(_log.Warnings);
        _known.Write(reopened, 0);
        Evict();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(victim));
        Assert.Empty(Directory.GetFiles(elsewhere));
    }

    [Fact]
    public void A_pipe_in_the_place_of_a_file_is_refused()
    {
        string folder;
        using (var opened = OpenFilled())
            folder = opened.Folder;
        File.Delete(Path.Combine(folder, "data"));
        Assert.NotNull(Shell.Run("mkfifo", Path.Combine(folder, "data")));
        using var reopened = _known.Open(_cache);
        Assert.True(reopened.IsOff);
        Assert.Contains("is not a regular file", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_deleted_under_their_user_are_not_filled_any_further()
    {
        using var opened = OpenFilled();
        Directory.Delete(opened.Folder, recursive: true);
        _cache.Look();
        Assert.True(opened.IsOff);
        Assert.False(_cache.IsOff);
        Assert.Contains("was deleted while in use", Assert.Single(_log.Warnings), StringComparison.Ordinal);
        Assert.Equal(All, _known.ReadAndCheck(opened, 1));
        using var reopened = _known.Open(_cache);
        AssertCanBeFilledAgain(reopened);
    }

    private DiskCache OpenCache() => DiskCache.Open(Path.Combine(_folder.Path, "cache"), 1L << 30, _log);

    private DiskCacheObject OpenFilled()
    {
        var opened = _known.Open(_cache);
        for (var piece = 0; piece < 40; piece++)
            _known.Write(opened, piece);
        return opened;
    }

    private void ReadAllAndEvict(DiskCacheObject opened)
    {
        for (var piece = 0; piece < 40; piece++)
        {
            opened.Use(piece);
            _known.ReadAndCheck(opened, piece);
        }
        opened.FlushUses();
        Evict();
        for (var piece = 0; piece < 40; piece++)
            _known.ReadAndCheck(opened, piece);
    }

    /// <summary>Another cache with a small limit over the same folder.</summary>
    private void Evict()
    {
        using var small = DiskCache.Open(Path.Combine(_folder.Path, "cache"), 1024 * 1024, _log);
        small.Look();
    }

    private void AssertCanBeFilledAgain(DiskCacheObject opened)
    {
        for (var piece = 0; piece < 40; piece++)
        {
            _known.Write(opened, piece);
            Assert.Equal(All, _known.ReadAndCheck(opened, piece));
        }
    }

    private int FirstDataBlock(long piece) => System.Numerics.BitOperations.TrailingZeroCount(~_known.Zeroes(piece));

    private static void Cut(string path, long length)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.SetLength(length);
    }

    private static void Flip(string path, long offset, byte bits = 0x10)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ bits));
    }

    private static void Fill(string path, long offset, int count, Random random)
    {
        var noise = new byte[count];
        random.NextBytes(noise);
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        file.Write(noise);
    }
}
