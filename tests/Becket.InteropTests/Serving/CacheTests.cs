using System.Globalization;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using DevelopmentStore = Becket.InteropTests.Stores.DevS3;

namespace Becket.InteropTests.Serving;

/// <summary>The cache as its users meet it: over processes, kills and stores that go away.</summary>
public sealed class CacheTests(RealStores stores) : InteropTest(stores)
{
    private const int Mebi = 1024 * 1024;

    private string CacheFolder => Folder["cache"];

    [Fact]
    public async Task What_is_in_the_folder_is_read_without_the_store()
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token);
        var source = await PutDiskAsync(store, 64 * Mebi);
        await CopyAndStopAsync(source, "first");

        await using var becket = await BecketServer.StartAsync(source, Token);
        await store.StopAsync(Token);
        await CopyAsync(becket, "second");

        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Everything_is_fetched_ahead_where_that_is_wanted()
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token);
        var source = (await PutDiskAsync(store, 64 * Mebi)).With("--prefetch", "all");
        await using (var fetching = await BecketServer.StartAsync(source, Token))
        {
            await BlocksOnDiskAsync(64 * Mebi / 4);
            await fetching.StopAsync(Token);
        }

        // It goes on where the last one stopped, and then needs nobody.
        await using var becket = await BecketServer.StartAsync(source, Token);
        await CopyAsync(becket, "copy");
        await store.StopAsync(Token);
        await CopyAsync(becket, "again");
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task A_server_that_is_killed_leaves_a_folder_that_the_next_one_reads_right()
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token);
        var source = await PutDiskAsync(store, 64 * Mebi);
        for (var round = 0; round < 3; round++)
        {
            await using var killed = await BecketServer.StartAsync(source, Token);
            await using var copying = new Command("nbdcopy", killed.Uri, "null:").Start();
            await BlocksOnDiskAsync((round + 1) * 8 * Mebi / 4);
            await new Command("kill", "-9", killed.Id.ToString(CultureInfo.InvariantCulture)).SucceedAsync(Token);
            await copying.WaitForExitAsync(Token);
        }
        await CopyAndStopAsync(source, "copy");
    }

    [Fact]
    public async Task Two_servers_share_a_folder_at_the_same_time()
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token);
        // Room for a quarter of the disk: they evict what the other one writes.
        var source = (await PutDiskAsync(store, 64 * Mebi)).With("--cache-size", "16M", "--cache-memory", "16M");
        await using var one = await BecketServer.StartAsync(source, Token);
        await using var other = await BecketServer.StartAsync(source, Token);
        for (var round = 0; round < 3; round++)
            await Task.WhenAll(CopyAsync(one, $"one{round}"), CopyAsync(other, $"other{round}"));
        await one.StopAsync(Token);
        await other.StopAsync(Token);
    }

    [Fact]
    public async Task Zeroes_that_were_read_are_holes_from_then_on()
    {
        Tool.Require("nbdcopy");
        Tool.Require("nbdinfo");
        await using var becket = await BecketServer.StartAsync(await Stores.GetDiskInAsync(Place.DevS3), Token);
        var before = await new Command("nbdinfo", "--map", "--totals", becket.Uri).SucceedAsync(Token);
        Assert.DoesNotContain("hole", before.Output);

        await new Command("nbdcopy", becket.Uri, "null:").SucceedAsync(Token);

        var after = await new Command("nbdinfo", "--map", "--totals", becket.Uri).SucceedAsync(Token);
        Assert.Contains("hole,zero", after.Output);
        await new Command("nbdcopy", becket.Uri, Folder["copy"]).SucceedAsync(Token);
        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy"]);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task A_signal_shows_the_numbers()
    {
        await using var becket = await BecketServer.StartAsync(await Stores.GetDiskInAsync(Place.DevS3), Token);
        await Nbdsh.RunAsync($"h.connect_uri(\"{becket.Uri}\"); h.pread(4096, 0); h.pread(4096, 0)", Token);

        await new Command("kill", "-USR1", becket.Id.ToString(CultureInfo.InvariantCulture)).SucceedAsync(Token);

        await becket.Errors.WaitForLineAsync("  request bill ", Token);
        Assert.Contains("  reads        2, 8.0 KiB, 0 failed", becket.Errors.ToString());
        Assert.Contains("in 1 requests on demand", becket.Errors.ToString());
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task A_profile_is_recorded_and_fetched_ahead_the_next_time()
    {
        await using var store = await DevelopmentStore.StartAsync(Token);
        var disk = NewDisk(256 * Mebi);
        File.Copy(disk, store.PathOf("bucket", "disk"));
        var source = store.Endpoint.Object("bucket", "disk").With("--record-profile", Folder["profile"], "--zone", "0");
        await using (var becket = await BecketServer.StartAsync(source, Token))
        {
            await Nbdsh.RunAsync($"h.connect_uri(\"{becket.Uri}\"); h.pread(4096, 200 << 20); h.pread(4096, 7 << 20)", Token);
            await becket.StopAsync(Token);
        }
        Assert.Equal(
            $"becket-profile 1 {256 * Mebi}\n{200 * Mebi} 131072\n{7 * Mebi} 131072\n",
            await File.ReadAllTextAsync(Folder["profile"], Token));

        await using var next = await BecketServer.StartAsync(source, Token);
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            await retry.WaitForNextTickAsync(Token);
            await new Command("kill", "-USR1", next.Id.ToString(CultureInfo.InvariantCulture)).SucceedAsync(Token);
        }
        while (!next.Errors.ToString().Contains("256.0 KiB in 0 requests on demand and 2 ahead", StringComparison.Ordinal));
        await next.StopAsync(Token);
    }

    [Fact]
    public async Task Memory_stays_within_the_cache_and_64_mebibytes_whatever_clients_ask_for()
    {
        await using var store = await DevelopmentStore.StartAsync(Token);
        Images.DiskImage.WriteRandomWithHoles(store.PathOf("bucket", "disk"), size: 1L << 30, seed: 3);
        await using var becket = await BecketServer.StartAsync(
            store.Endpoint.Object("bucket", "disk").With("--cache-memory", "64M"), Token);

        // Eight connections with 64 reads of 2 MiB in flight each: a gigabyte is asked for at once.
        await Nbdsh.RunAsync(
            $$"""
            handles = [nbd.NBD() for _ in range(8)]
            for handle in handles:
                handle.connect_uri("{{becket.Uri}}")
            for round in range(2):
                for number, handle in enumerate(handles):
                    for i in range(64):
                        handle.aio_pread(nbd.Buffer(2 << 20), ((number * 64 + i) * 7919 + round * 131) % 500 * (2 << 20))
                waiting = list(handles)
                while waiting:
                    for handle in waiting[:]:
                        handle.poll(1)
                        while handle.aio_in_flight() > 0 and (cookie := handle.aio_peek_command_completed()) > 0:
                            handle.aio_command_completed(cookie)
                        if handle.aio_in_flight() == 0:
                            waiting.remove(handle)
            """,
            Token);

        var status = await File.ReadAllLinesAsync($"/proc/{becket.Id}/status", Token);
        var peak = status.Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        var kibibytes = int.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        Assert.InRange(kibibytes, 0, (64 + 64) * 1024);
        await becket.StopAsync(Token);
    }

    private async Task<Source> PutDiskAsync(DevelopmentStore store, int size)
    {
        var disk = NewDisk(size);
        File.Copy(disk, store.PathOf("bucket", "disk"));
        return store.Endpoint.Object("bucket", "disk").With("--cache-dir", CacheFolder);
    }

    private async Task CopyAndStopAsync(Source source, string copy)
    {
        await using var becket = await BecketServer.StartAsync(source, Token);
        await CopyAsync(becket, copy);
        await becket.StopAsync(Token);
    }

    private async Task CopyAsync(BecketServer becket, string copy)
    {
        await new Command("nbdcopy", becket.Uri, Folder[copy]).SucceedAsync(Token);
        await AssertSameBytesAsync(Folder["disk.img"], Folder[copy]);
        File.Delete(Folder[copy]);
    }

    /// <summary>Waits until the cache folder takes so much on disk. The disk's holes take nothing there.</summary>
    private async Task BlocksOnDiskAsync(long bytes)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            var used = await new Command("du", "-sk", CacheFolder).RunAsync(Token);
            if (used.ExitCode == 0 && long.Parse(used.Output.Split('\t')[0], CultureInfo.InvariantCulture) * 1024 >= bytes)
                return;
            await retry.WaitForNextTickAsync(Token);
        }
    }
}
