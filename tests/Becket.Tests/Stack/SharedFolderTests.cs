using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Stack;

/// <summary>
/// Two devices of one object, each with a cache of its own over the same folder, as two processes have it. Whatever is done to the
/// folder meanwhile, no byte is wrong and no read fails: the store is there.
/// </summary>
public sealed class SharedFolderTests : IDisposable
{
    private const int Rounds = 3; // of opening, using and closing both
    private const int Steps = 60;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = ModelSetup.NewContent(new Random(3), (48 * Piece) - 333);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task No_read_is_wrong_or_fails_though_the_folder_is_too_small() =>
        ShareAsync(Path.Combine(_folder.Path, "cache"), limit: 1 << 20, static (_, _) => { });

    [Fact]
    public Task No_read_is_wrong_or_fails_though_files_are_damaged_from_outside()
    {
        var path = Path.Combine(_folder.Path, "cache");
        return ShareAsync(path, limit: 4 << 20, (random, _) => Damage(path, random));
    }

    [Fact]
    public async Task No_read_is_wrong_or_fails_though_the_filesystem_is_full_now_and_then()
    {
        using var mounted = MountedFolder.Mount(5 * 1024 * 1024);
        var filler = Path.Combine(mounted.Path, "filler");
        await ShareAsync(
            Path.Combine(mounted.Path, "cache"),
            limit: 4 << 20,
            (random, step) =>
            {
                if (step % 20 == 10)
                    FillUp(filler);
                else if (step % 20 == 19)
                    File.Delete(filler);
            });
    }

    private async Task ShareAsync(string path, long limit, Action<Random, int> vandalize)
    {
        var store = new KnownStore(_content);
        for (var round = 0; round < Rounds; round++)
        {
            await using var one = await OpenAsync(store, path, limit);
            await using var two = await OpenAsync(store, path, limit);
            var readers = Enumerable.Range(0, 6)
                .Select(i => new ModelReader((i % 2 == 0 ? one : two).Device, _content, (round * 10) + i)).ToList();
            var reading = readers.Skip(1).Select(reader => Task.Run(() => reader.RunAsync(Steps))).ToList();
            var random = new Random(round);
            for (var step = 0; step < Steps; step++)
            {
                await readers[0].RunAsync(1);
                vandalize(random, step);
            }
            await Task.WhenAll(reading);
            Assert.All(readers, static reader => Assert.Equal(0, reader.Failures));
            readers.ForEach(static reader => reader.CheckAbandoned());
        }
    }

    private static Task<ModelProcess> OpenAsync(KnownStore store, string path, long limit) => ModelProcess.StartAsync(
        store,
        static _ => null,
        memoryPieces: 8,
        DiskCache.Open(path, limit, NullLogger.Instance),
        new CacheSettings { Zone = 512 * 1024 });

    /// <summary>Some random bytes in a file of the cache, or a shorter file.</summary>
    private static void Damage(string folder, Random random)
    {
        var files = Directory.GetFiles(folder, random.Next(2) == 0 ? "data" : "index", SearchOption.AllDirectories);
        if (files.Length == 0)
            return;
        using var file = File.Open(files[random.Next(files.Length)], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = random.NextInt64(file.Length + 1);
        if (random.Next(8) == 0)
        {
            file.SetLength(file.Position);
            return;
        }
        var noise = new byte[random.Next(1, 10_000)];
        random.NextBytes(noise);
        file.Write(noise);
    }

    private static void FillUp(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
                file.Write(new byte[Block]);
        }
        catch (IOException)
        {
            // Full, as it was meant to be.
        }
    }
}
