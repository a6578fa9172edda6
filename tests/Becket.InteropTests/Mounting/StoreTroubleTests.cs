using System.Globalization;
using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>A store that stops answering, comes back, or has something else.</summary>
public sealed class StoreTroubleTests(RealStores stores, MountImages images) : MountTest(stores)
{
    private const int Size = 96 << 20;

    /// <summary>In the middle, where nothing has been read or read ahead when a device has just been attached.</summary>
    private const int Middle = Size >> 21;

    [Fact]
    public async Task Reads_wait_for_a_store_that_is_paused_and_list_says_so()
    {
        RequireMounts();
        await using var store = await StartStoreAsync();
        var device = await AttachAsync(store.Endpoint.Object("b", "disk.img"));
        store.Hold();
        await using var reader = new Command("cmp", Folder["disk.img"], device).Start();

        var waiting = await Becket.WhenHealthIsAsync("waiting", Token);

        Assert.Contains("waiting for the store", waiting.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Contains("waiting for the store", (await Becket.Command("list").SucceedAsync(Token)).Output, StringComparison.Ordinal);
        Assert.False(reader.HasExited);
        store.LetGo();
        var outcome = await reader.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Errors);
        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await Becket.Command("detach", device).SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Reads_fail_when_the_store_is_away_for_longer_than_they_wait_and_succeed_when_it_is_back()
    {
        RequireMounts();
        await using var store = await StartStoreAsync();
        var device = await AttachAsync(store.Endpoint.Object("b", "disk.img"), "--io-timeout", "5s");
        store.Hold();

        var outcome = await ReadMiddleOf(device).EndWithAsync(1, Token);

        Assert.Contains("Input/output error", outcome.Errors, StringComparison.Ordinal);
        var failing = Assert.Single(await Becket.ListAsync(Token));
        Assert.Equal("failing", failing.GetProperty("health").GetString());
        Assert.NotEmpty(failing.GetProperty("problem").GetString()!);
        Assert.True(failing.GetProperty("failedReads").GetInt64() > 0);
        store.LetGo();
        await AssertSameBytesAsync(Folder["disk.img"], device);
        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await Becket.Command("detach", device).SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Every_file_of_a_mount_is_right_though_the_store_stops_under_its_reader()
    {
        RequireMounts();
        await using var store = await InteropTests.Stores.DevS3.StartAsync(Token);
        var image = await images.GetAsync(ImageFormat.Ext4);
        var folder = await MountUnreadAsync(store);
        store.Hold();
        var files = AssertFilesAsync(image, folder);

        await Becket.WhenHealthIsAsync("waiting", Token);

        Assert.False(files.IsCompleted, "nothing was left to be read");
        store.LetGo();
        await files;
        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_file_of_a_mount_fails_in_words_while_the_store_is_away_and_is_read_again_without_mounting_anew()
    {
        RequireMounts();
        await using var store = await InteropTests.Stores.DevS3.StartAsync(Token);
        var image = await images.GetAsync(ImageFormat.Ext4);
        var folder = await MountUnreadAsync(store, "--io-timeout", "2s");
        store.Hold();

        var outcome = await new Command("cat", Path.Combine(folder, "boot/kernel")).EndWithAsync(1, Token);

        Assert.Contains("Input/output error", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal("failing", (await Becket.WhenHealthIsAsync("failing", Token)).GetProperty("health").GetString());
        store.LetGo();
        // What is read now comes from the store again, not from pages that were there before.
        await Command.Shell("echo 3 > /proc/sys/vm/drop_caches").SucceedAsync(Token);
        await AssertFilesAsync(image, folder);
        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task An_object_that_was_replaced_fails_in_words_and_never_shows_other_bytes()
    {
        RequireMounts();
        await using var store = await StartStoreAsync();
        var device = await AttachAsync(store.Endpoint.Object("b", "disk.img"));
        DiskImage.WriteRandomWithHoles(store.PathOf("b", "disk.new"), Size, seed: 65);
        File.Move(store.PathOf("b", "disk.new"), store.PathOf("b", "disk.img"), overwrite: true);

        await ReadMiddleOf(device).EndWithAsync(1, Token);

        var failing = await Becket.WhenHealthIsAsync("failing", Token);
        Assert.Contains("replaced", failing.GetProperty("problem").GetString(), StringComparison.Ordinal);
        // Whatever can still be read is what was there.
        var known = await Command.Shell(
            $"for i in $(seq 0 {(Size >> 20) - 1}); do "
            + $"dd if={device} of='{Folder["part"]}' bs=1M count=1 skip=$i iflag=direct status=none 2>/dev/null || continue; "
            + $"cmp -n 1048576 '{Folder["part"]}' '{Folder["disk.img"]}' 0 $((i << 20)) && echo same; done").SucceedAsync(Token);
        Assert.Contains("same", known.Output, StringComparison.Ordinal);
        Assert.Empty(known.Output.Replace("same\n", "", StringComparison.Ordinal));
        await Becket.Command("detach", device).SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    /// <summary>A store of this test's own, since it is going to be in trouble.</summary>
    private async Task<InteropTests.Stores.DevS3> StartStoreAsync()
    {
        var store = await InteropTests.Stores.DevS3.StartAsync(Token);
        DiskImage.WriteRandomWithHoles(Folder["disk.img"], Size, seed: 64);
        await new Command("cp", Folder["disk.img"], store.PathOf("b", "disk.img")).SucceedAsync(Token);
        return store;
    }

    /// <summary>Mounts the ext4 image so that little of it is there before it is asked for.</summary>
    private async Task<string> MountUnreadAsync(InteropTests.Stores.DevS3 store, params IEnumerable<string> words)
    {
        var folder = NewMountPoint();
        await MountAsync(
            await images.PutAsync(store, ImageFormat.Ext4),
            folder,
            ["--zone", "128K", "--readahead", "256K", "--prefetch", "none", .. words]);
        return folder;
    }

    private static Command ReadMiddleOf(string device) => new(
        "dd", $"if={device}", "of=/dev/null", "bs=1M", "count=1",
        string.Create(CultureInfo.InvariantCulture, $"skip={Middle}"), "iflag=direct");
}
