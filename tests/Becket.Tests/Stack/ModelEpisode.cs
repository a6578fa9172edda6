using Becket.Blocks.Caching.Disk;
using Becket.Tests.Blocks;
using Becket.Tests.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Stack;

/// <summary>
/// One object, and processes that serve it one after the other over one cache folder: each is used by several readers at once, and
/// then stopped in good order, closed under its readers, or left as a kill leaves it.
/// </summary>
internal static class ModelEpisode
{
    public static async Task RunAsync(int seed)
    {
        var setup = ModelSetup.Of(seed);
        using var folder = new TemporaryFolder();
        var store = new KnownStore(setup.Content);
        var random = new Random(seed);
        var killed = new List<ModelProcess>();
        for (var lives = random.Next(1, 4); lives > 0; lives--)
        {
            var process = await StartAsync(setup, store, folder.Path, Plan(setup, random.Next()));
            var readers = Enumerable.Range(0, setup.Readers)
                .Select(_ => new ModelReader(process.Device, setup.Content, random.Next())).ToList();
            var reading = Task.WhenAll(readers.Select(reader => Task.Run(() => reader.RunAsync(setup.Steps))));
            switch (random.Next(4))
            {
                case 0:
                    await Task.Delay(random.Next(5));
                    await process.CloseAsync();
                    await reading;
                    process.Release();
                    break;
                case 1:
                    await reading;
                    killed.Add(process);
                    break;
                default:
                    await reading;
                    await process.DisposeAsync();
                    Assert.True(
                        setup.FaultRate > 0 || readers.All(static reader => reader.Failures == 0), "a read failed, the store did not");
                    break;
            }
            readers.ForEach(static reader => reader.CheckAbandoned());
        }

        await using (var last = await StartAsync(setup, store, folder.Path, static _ => null))
        {
            var all = new byte[setup.Content.Length];
            await last.Device.ReadAsync(0, all, CancellationToken.None);
            SameBytes.Check(setup.Content, all);
        }
        foreach (var process in killed)
            await process.DisposeAsync();
    }

    private static Task<ModelProcess> StartAsync(ModelSetup setup, KnownStore store, string folder, Func<StoreCall, Fault?> plan)
    {
        var disk = setup.DiskLimit == 0 ? null : DiskCache.Open(Path.Combine(folder, "cache"), setup.DiskLimit, NullLogger.Instance);
        return ModelProcess.StartAsync(store, plan, setup.MemoryPieces, disk, setup.Cache);
    }

    private static Func<StoreCall, Fault?> Plan(ModelSetup setup, int seed)
    {
        var random = new Random(seed);
        return call =>
        {
            lock (random)
                return setup.NextFault(random, call);
        };
    }
}
