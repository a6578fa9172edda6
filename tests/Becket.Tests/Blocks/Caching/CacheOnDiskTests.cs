using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching;

public sealed class CacheOnDiskTests : IDisposable
{
    private const int Size = (20 * Piece) + 777;
    private const string Identity = "here bucket\nkey\n\"etag\"";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = new byte[Size];

    public CacheOnDiskTests()
    {
        new Random(5).NextBytes(_content);
        _content.AsSpan(3 * Piece, 2 * Piece).Clear();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_next_process_reads_from_disk_what_the_last_one_fetched()
    {
        await ReadAllAsync(new RangedSource(_content), Identity);
        var source = new RangedSource(_content);
        await ReadAllAsync(source, Identity);
        Assert.Empty(source.Opened);
    }

    [Fact]
    public async Task Known_zeroes_are_known_to_the_next_process()
    {
        await ReadAllAsync(new RangedSource(_content), Identity);
        using var cache = OpenCache();
        await using var device = new CacheFilter(
            new RangedSource(_content), cache, Identity, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        var extents = new List<Extent>();
        await foreach (var extent in device.GetExtentsAsync(new ByteRange(0, Size), Token))
            extents.Add(extent);
        Assert.Contains(new Extent(new ByteRange(3 * Piece, 2 * Piece), ExtentKind.Hole | ExtentKind.Zero), extents);
    }

    [Fact]
    public async Task Another_object_never_reads_what_was_kept_of_this_one()
    {
        await ReadAllAsync(new RangedSource(_content), Identity);
        var replaced = (byte[])_content.Clone();
        new Random(6).NextBytes(replaced);
        var source = new RangedSource(replaced);
        await ReadAllAsync(source, Identity.Replace("etag", "other"), replaced);
        Assert.True(source.OpenedBytes >= Size);
    }

    [Fact]
    public async Task A_damaged_block_is_fetched_again()
    {
        await ReadAllAsync(new RangedSource(_content), Identity);
        var data = Directory.GetFiles(_folder.Path, "data", SearchOption.AllDirectories).Single();
        using (var file = File.OpenHandle(data, FileMode.Open, FileAccess.ReadWrite))
            RandomAccess.Write(file, [(byte)~_content[100_000]], 100_000);

        var source = new RangedSource(_content);
        await ReadAllAsync(source, Identity);
        Assert.Equal([new ByteRange(100_000 / Block * Block, Block)], source.Opened);
        await ReadAllAsync(source, Identity);
        Assert.Single(source.Opened);
    }

    [Fact]
    public async Task A_damaged_block_of_a_disk_that_is_off_is_fetched_once_and_kept_in_memory()
    {
        await ReadAllAsync(new RangedSource(_content), Identity);
        var data = Directory.GetFiles(_folder.Path, "data", SearchOption.AllDirectories).Single();
        using (var file = File.OpenHandle(data, FileMode.Open, FileAccess.ReadWrite))
            RandomAccess.Write(file, [(byte)~_content[100_000]], 100_000);

        var source = new RangedSource(_content);
        using var cache = OpenCache();
        await using var device = new CacheFilter(source, cache, Identity, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        cache.Disk!.TurnOff(new BlockDeviceException(BlockError.NoSpace, "full")); // it cannot forget the block any more
        for (var i = 0; i < 3; i++)
        {
            var buffer = new byte[Piece];
            await device.ReadAsync(0, buffer, Token);
            SameBytes.Check(_content.AsSpan(0, Piece), buffer);
        }
        Assert.Equal([new ByteRange(100_000 / Block * Block, Block)], source.Opened);
    }

    [Fact]
    public async Task Without_an_identity_nothing_is_kept_on_disk()
    {
        await ReadAllAsync(new RangedSource(_content), identity: null);
        Assert.Empty(Directory.GetFiles(_folder.Path, "data", SearchOption.AllDirectories));
    }

    private BlockCache OpenCache() => new(BlockCache.MinimumMemory, DiskCache.Open(_folder.Path, 1 << 30, NullLogger.Instance));

    private Task ReadAllAsync(RangedSource source, string? identity) => ReadAllAsync(source, identity, _content);

    private async Task ReadAllAsync(RangedSource source, string? identity, byte[] content)
    {
        using var cache = OpenCache();
        await using var device = new CacheFilter(source, cache, identity, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        var random = new Random(1);
        for (var offset = 0; offset < Size;)
        {
            var buffer = new byte[Math.Min(random.Next(1, 300_000), Size - offset)];
            if (!device.TryRead(offset, buffer))
                await device.ReadAsync(offset, buffer, Token);
            SameBytes.Check(content.AsSpan(offset, buffer.Length), buffer);
            offset += buffer.Length;
        }
    }
}
