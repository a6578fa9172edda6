using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using static Becket.Tests.Blocks.Caching.Disk.FilledCache;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Whatever bytes of the files change or get lost: never a wrong byte, no exception, and the block can be stored again.</summary>
public sealed class DiskDamageTests : IDisposable
{
    private const uint All = CacheGeometry.AllBlocks;

    private readonly FilledCache _filled = new();

    public void Dispose() => _filled.Dispose();

    [Fact]
    public void A_flipped_bit_in_the_data_costs_its_block_and_one_warning()
    {
        using var opened = _filled.OpenFilled();
        var block = FirstDataBlock(7);
        Flip(Path.Combine(opened.Folder, "data"), (7 * CacheGeometry.Piece) + (block * CacheGeometry.Block) + 77);
        var bit = 1u << block;

        Assert.Equal(All, opened.Present(7));
        Assert.Equal(All & ~bit, Known.ReadAndCheck(opened, 7));
        Assert.Equal(All & ~bit, opened.Present(7));
        Assert.Equal(1, opened.DamagedBlocks);
        var warning = Assert.Single(_filled.Warnings);
        Assert.Contains(Known.Identity, warning, StringComparison.Ordinal);
        Assert.Contains($"at {(7 * CacheGeometry.Piece) + (block * CacheGeometry.Block)} in", warning, StringComparison.Ordinal);

        Known.Write(opened, 7, bit);
        Assert.Equal(All, Known.ReadAndCheck(opened, 7));
    }

    [Fact]
    public void Much_damage_is_one_warning_and_all_of_it_is_counted()
    {
        using var opened = _filled.OpenFilled();
        Fill(Path.Combine(opened.Folder, "data"), 0, 40 * CacheGeometry.Piece, new Random(1));
        var stored = 0;
        for (var piece = 0; piece < 40; piece++)
        {
            Assert.Equal(Known.Zeroes(piece), Known.ReadAndCheck(opened, piece));
            stored += System.Numerics.BitOperations.PopCount(~Known.Zeroes(piece));
        }
        Assert.Equal(stored, opened.DamagedBlocks);
        Assert.Single(_filled.Warnings);
        AssertCanBeFilledAgain(opened);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_block_whose_mark_has_a_flipped_bit_is_not_read(int seed)
    {
        using var opened = _filled.OpenFilled();
        var random = new Random(seed);
        var marks = DiskIndex.LengthFor(Known.Size) - (40 * 256);
        for (var i = 0; i < 40; i++)
        {
            var block = random.Next(32);
            Flip(Path.Combine(opened.Folder, "index"), marks + (i * 256) + (block * 8) + random.Next(8));
            Assert.Equal(All & ~(1u << block), Known.ReadAndCheck(opened, i));
        }
        AssertCanBeFilledAgain(opened);
    }

    [Fact]
    public void A_flipped_bit_does_not_make_an_absent_block_a_block_of_zeroes()
    {
        using var opened = Known.Open(_filled.Cache);
        Known.Write(opened, 0, 1);
        var marks = DiskIndex.LengthFor(Known.Size) - (40 * 256);
        for (var bit = 0; bit < 64; bit++)
        {
            Flip(Path.Combine(opened.Folder, "index"), marks + (5 * 256) + (bit / 8), (byte)(1 << (bit % 8)));
            Assert.Equal(0u, Known.ReadAndCheck(opened, 5));
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
        using (var opened = _filled.OpenFilled())
        {
            Cut(Path.Combine(opened.Folder, file), length);
            for (var piece = 0; piece < 40; piece++)
            {
                opened.Use(piece);
                Known.ReadAndCheck(opened, piece);
                Assert.Equal(0u, opened.Zero(piece) & ~Known.Zeroes(piece));
            }
            AssertCanBeFilledAgain(opened);
            opened.FlushUses();
            Cut(Path.Combine(opened.Folder, file), length);
        }
        using var reopened = Known.Open(_filled.Cache);
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
        using (var opened = _filled.OpenFilled())
        {
            Fill(Path.Combine(opened.Folder, file), from, count, new Random(2));
            ReadAllAndEvict(opened);
            AssertCanBeFilledAgain(opened);
            Fill(Path.Combine(opened.Folder, file), from, count, new Random(3));
        }
        using var reopened = Known.Open(_filled.Cache);
        ReadAllAndEvict(reopened);
        AssertCanBeFilledAgain(reopened);
    }

    [Fact]
    public void A_damaged_header_under_a_user_keeps_others_out_until_he_is_gone()
    {
        using (var opened = _filled.OpenFilled())
        {
            Flip(Path.Combine(opened.Folder, "index"), 9);
            using var second = Known.Open(_filled.Cache);
            Assert.True(second.IsOff);
            Assert.Contains("is in use", Assert.Single(_filled.Warnings), StringComparison.Ordinal);
            Assert.Equal(0u, second.Present(3));
            Assert.Equal(0u, Known.ReadAndCheck(second, 3));
            Assert.Equal(0u, second.ReadCached(3, All, new byte[CacheGeometry.Piece]));
            Known.Write(second, 3);
            second.Use(3);
            Assert.False(opened.IsOff);
            Assert.Equal(All, Known.ReadAndCheck(opened, 3));
        }
        using var third = Known.Open(_filled.Cache);
        Assert.False(third.IsOff);
        Assert.Equal(0u, third.Present(3));
        AssertCanBeFilledAgain(third);
    }

    private void ReadAllAndEvict(DiskCacheObject opened)
    {
        for (var piece = 0; piece < 40; piece++)
        {
            opened.Use(piece);
            Known.ReadAndCheck(opened, piece);
        }
        opened.FlushUses();
        _filled.Evict();
        for (var piece = 0; piece < 40; piece++)
            Known.ReadAndCheck(opened, piece);
    }

    private static int FirstDataBlock(long piece) => System.Numerics.BitOperations.TrailingZeroCount(~Known.Zeroes(piece));

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
