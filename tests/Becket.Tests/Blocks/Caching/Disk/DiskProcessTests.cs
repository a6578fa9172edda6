using System.Diagnostics;
using System.Numerics;
using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>Real processes over one folder, and what is left of them when they are killed.</summary>
public sealed class DiskProcessTests : IDisposable
{
    private const long Limit = 4 * 1024 * 1024; // of 7.5 MiB that the object has

    private readonly TemporaryFolder _folder = new();
    private readonly WarningLog _log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Processes_that_write_read_and_evict_one_object_at_the_same_time_never_see_a_wrong_byte()
    {
        var children = Enumerable.Range(0, 2).Select(seed => CacheChild.Start(CachePath, Limit, seed)).ToList();
        try
        {
            foreach (var child in children)
                await LineAsync(child); // both are at work
            using var cache = DiskCache.Open(CachePath, Limit, _log);
            using var opened = CacheChild.Known.Open(cache);
            var random = new Random(7);
            var found = 0;
            for (var step = 0; step < 300; step++)
            {
                var piece = random.NextInt64(CacheChild.Known.PieceCount);
                found += BitOperations.PopCount(CacheChild.Known.ReadAndCheck(opened, piece));
                if (step % 3 == 0)
                    CacheChild.Known.Write(opened, piece);
                if (step % 30 == 0)
                    cache.Look();
            }
            foreach (var child in children)
            {
                for (var line = 0; line < 20; line++)
                    Assert.Equal("0", await LineAsync(child)); // nothing damaged
                Assert.False(child.HasExited);
            }
            Assert.True(found > 500, $"only {found} blocks were found");
            Assert.Equal(0, opened.DamagedBlocks);
            Assert.Empty(_log.Warnings);
            Assert.False(opened.IsOff);
        }
        finally
        {
            foreach (var child in children)
                await EndAsync(child);
        }
    }

    [Fact]
    public async Task A_process_killed_at_any_moment_leaves_nothing_wrong_and_nothing_locked()
    {
        var random = new Random(8);
        for (var round = 0; round < 4; round++)
        {
            var child = CacheChild.Start(CachePath, Limit, round);
            try
            {
                for (var lines = random.Next(1, 20); lines > 0; lines--)
                    Assert.Equal("0", await LineAsync(child));
            }
            finally
            {
                await EndAsync(child);
            }

            using var cache = DiskCache.Open(CachePath, Limit, _log);
            using var opened = CacheChild.Known.Open(cache);
            var found = 0;
            for (var piece = 0L; piece < CacheChild.Known.PieceCount; piece++)
            {
                // An eviction of our own may take some of it away meanwhile; what was damaged would be a warning.
                var present = opened.Present(piece);
                var read = CacheChild.Known.ReadAndCheck(opened, piece);
                Assert.Equal(0u, read & ~present);
                found += BitOperations.PopCount(read);
                await WriteUntilStoredAsync(cache, opened, piece);
            }
            Assert.True(found > 10, $"round {round}: only {found} blocks were found");
            using var folder = DiskCacheFolder.Open(CachePath);
            Assert.True(folder.Allocated() <= Limit, $"round {round}: {folder.Allocated()} bytes on disk");
        }
        Assert.Empty(_log.Warnings);
    }

    /// <summary>An eviction of our own may be at the piece; a lock that the dead process left would be there for ever.</summary>
    private static async Task WriteUntilStoredAsync(DiskCache cache, DiskCacheObject opened, long piece)
    {
        for (var tries = 0; tries < 500; tries++)
        {
            CacheChild.Known.Write(opened, piece, 1);
            cache.Look();
            if (CacheChild.Known.ReadAndCheck(opened, piece, 1) == 1u)
                return;
            await Task.Delay(10, Token);
        }
        Assert.Fail($"piece {piece} cannot be written");
    }

    private string CachePath => Path.Combine(_folder.Path, "cache");

    private static async Task<string?> LineAsync(Process child) =>
        await child.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Token);

    private static async Task EndAsync(Process child)
    {
        child.Kill(); // SIGKILL
        await child.WaitForExitAsync(Token);
        child.Dispose();
    }
}
