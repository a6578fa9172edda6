using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Objects;
using Becket.Sources;
using Becket.Tests.Blocks;
using Becket.Tests.Blocks.Sources;
using Becket.Volumes;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Stack;

/// <summary>An object that is replaced by another one of its key and size, under the program's own cache, in memory and on disk.</summary>
public sealed class ReplacedObjectTests : IDisposable
{
    private const string Key = "disk.img";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _old = ModelSetup.NewContent(new Random(1), (20 * Piece) + 99);
    private readonly byte[] _new = ModelSetup.NewContent(new Random(2), (20 * Piece) + 99);

    public ReplacedObjectTests()
    {
        Directory.CreateDirectory(BucketPath);
        Put(_old);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string BucketPath => Path.Combine(_folder.Path, "bucket");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nobody_reads_the_old_bytes_of_an_object_that_was_opened_after_it_was_replaced()
    {
        using (var cache = NewCache())
        {
            await using var before = await OpenAsync(cache);
            await CheckAsync(_old, before, new ByteRange(0, 10 * Piece));
            Put(_new);

            // What it has it goes on to serve; what it has not it does not make up.
            await CheckAsync(_old, before, new ByteRange(0, 10 * Piece));
            var e = await Assert.ThrowsAsync<BlockDeviceException>(() => CheckAsync(_old, before, new ByteRange(15 * Piece, 10)));
            Assert.Contains("was replaced", e.Message, StringComparison.Ordinal);

            // Beside the old one, in the same memory and over the same folder.
            await using var after = await OpenAsync(cache);
            await CheckAsync(_new, after, new ByteRange(0, _new.Length));
            await CheckAsync(_old, before, new ByteRange(0, 10 * Piece));
        }

        using var next = NewCache(); // the next process
        await using var device = await OpenAsync(next);
        await CheckAsync(_new, device, new ByteRange(0, _new.Length));
    }

    private SourceCache NewCache() => new(
        new CachePlan
        {
            Memory = BlockCache.MinimumMemory,
            Folder = Path.Combine(_folder.Path, "cache"),
            FolderSize = 1 << 30,
            Settings = new CacheSettings { Zone = 0, Readahead = 0 },
        },
        NullLoggerFactory.Instance);

    private async Task<IBlockDevice> OpenAsync(SourceCache cache)
    {
        var store = new RetryingObjectStore(new FolderObjectStore(BucketPath), new RetryPolicy(), TimeProvider.System, NullLogger.Instance);
        return cache.Over(await ObjectDevice.OpenAsync(store, Key, versionId: null, Token), "a store's bucket");
    }

    private static async Task CheckAsync(byte[] content, IBlockDevice device, ByteRange range)
    {
        var buffer = new byte[range.Length];
        await device.ReadAsync(range.Offset, buffer, Token);
        SameBytes.Check(content.AsSpan((int)range.Offset, buffer.Length), buffer);
        await device.CheckExtentsAsync(range, content);
    }

    /// <summary>Another file in the place of the old one, as a store replaces an object: at once and whole.</summary>
    private void Put(byte[] content)
    {
        var draft = Path.Combine(_folder.Path, "draft");
        File.WriteAllBytes(draft, content);
        File.Move(draft, Path.Combine(BucketPath, Key), overwrite: true);
    }
}
