using Becket.Blocks;
using Becket.Fuse;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Fuse;

/// <summary>A device as a file, read by programs that nobody here wrote.</summary>
public sealed class FuseFileTests(RealStores stores) : FuseTest(stores)
{
    private const int Size = (9 << 20) + 777;

    [Theory]
    [InlineData(FuseCaching.Kernel)]
    [InlineData(FuseCaching.None)]
    public async Task The_file_has_the_bytes_of_the_device(FuseCaching caching)
    {
        RequireFuse();
        var (content, device) = await NewDeviceAsync(Size, seed: 1);
        await File.WriteAllBytesAsync(Folder["original"], content, Token);
        var folder = NewMountFolder();
        await using var file = Mount(device, folder, Options(caching));

        Assert.Equal($"{folder}/disk.img", file.Path);
        await new Command("cmp", Folder["original"], file.Path).SucceedAsync(Token);
        await new Command("cp", "--sparse=auto", file.Path, Folder["copy"]).SucceedAsync(Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(Folder["copy"], Token));

        await file.DisposeAsync();
        await AssertNothingLeftAsync(file, folder);
    }

    [Theory]
    [InlineData(FuseCaching.Kernel, "buffered", 1)]
    [InlineData(FuseCaching.None, "buffered", 2)]
    [InlineData(FuseCaching.Kernel, "direct", 3)]
    [InlineData(FuseCaching.None, "direct", 4)]
    public async Task Random_reads_get_the_right_bytes_also_across_the_end(FuseCaching caching, string manner, int seed)
    {
        RequireFuse();
        var (content, device) = await NewDeviceAsync(Size, seed);
        var random = new Random(seed);
        var grain = manner == "direct" ? 4096 : 1;
        var ranges = Enumerable.Range(0, 200)
            .Select(_ => ((long)random.Next(Size / grain) * grain, (1 + random.Next((3 << 20) / grain)) * grain))
            .Append((Size / 4096 * 4096, 8192)).Append((Size + 4096 - (Size % 4096), 4096))
            .ToList();
        var folder = NewMountFolder();
        await using var slow = new SlowDevice(device, async (_, _) => await Task.Yield());
        await using (var file = Mount(seed % 2 == 0 ? device : slow, folder, Options(caching)))
            await AssertReadsAsync(file.Path, content, manner, ranges);
        Assert.False(IsMounted(folder));
    }

    [Fact]
    public async Task The_mount_shows_what_it_is_and_lets_nothing_be_changed()
    {
        RequireFuse();
        var (_, device) = await NewDeviceAsync(Size, seed: 5);
        var folder = NewMountFolder();
        await using var file = Mount(device, folder, Options() with { Modified = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000) });

        var stat = await new Command("stat", "-c", "%s %a %u %Y %F", file.Path).SucceedAsync(Token);
        Assert.Equal($"{Size} 400 0 1700000000 regular file\n", stat.Output);
        Assert.Equal("disk.img\n", (await new Command("ls", "-A", folder).SucceedAsync(Token)).Output);
        var mount = File.ReadLines("/proc/mounts").Single(line => line.Contains(folder, StringComparison.Ordinal));
        Assert.StartsWith($@"s3://bucket/a,\040b {folder} fuse.becket ro,nosuid,nodev", mount, StringComparison.Ordinal);
        await new Command("df", folder).SucceedAsync(Token);

        await new Command("touch", $"{folder}/other").EndWithAsync(1, Token);
        await new Command("rm", "-f", file.Path).EndWithAsync(1, Token);
        await Command.Shell($"echo >> {file.Path}").EndWithAsync(1, Token);
        await new Command("cat", $"{folder}/missing").EndWithAsync(1, Token);
        await new Command("runuser", "-u", "nobody", "--", "cat", file.Path).EndWithAsync(1, Token);
    }

    [Fact]
    public async Task The_file_can_be_mapped()
    {
        RequireFuse();
        Tool.Require("python3");
        var (content, device) = await NewDeviceAsync(Size, seed: 6);
        await using var file = Mount(device, NewMountFolder(), Options());

        var outcome = await new Command(
            "python3", "-c",
            "import hashlib, mmap, os, sys; f = os.open(sys.argv[1], os.O_RDONLY); "
            + "print(hashlib.md5(mmap.mmap(f, 0, mmap.MAP_SHARED, mmap.PROT_READ)).hexdigest())",
            file.Path).SucceedAsync(Token);

        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(content)), outcome.Output.Trim());
    }

    [Fact]
    public async Task Eight_at_once_do_not_disturb_one_another()
    {
        RequireFuse();
        var mounted = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var (content, device) = await NewDeviceAsync(Size + i, seed: 10 + i);
            return (Content: content, File: Mount(device, NewMountFolder(), Options()));
        }));

        await Task.WhenAll(mounted.Select(async each =>
        {
            await AssertReadsAsync(each.File.Path, each.Content, "buffered", [(0, Size + 100), (Size / 2, 100_000)]);
            await each.File.DisposeAsync();
        }));

        Assert.All(mounted, each => Assert.False(IsMounted(Path.GetDirectoryName(each.File.Path)!)));
    }

    [Fact]
    public async Task Somebody_elses_unmount_ends_it()
    {
        RequireFuse();
        var (_, device) = await NewDeviceAsync(Size, seed: 7);
        var folder = NewMountFolder();
        await using var file = Mount(device, folder, Options());
        Assert.False(file.Ended.IsCompleted);

        await new Command("umount", folder).SucceedAsync(Token);

        await file.Ended.WaitAsync(Token);
        await file.DisposeAsync();
        await AssertNothingLeftAsync(file, folder);
    }

    [Fact]
    public async Task Disposal_fails_a_reader_that_waits_for_a_device_that_does_not_answer()
    {
        RequireFuse();
        var (_, device) = await NewDeviceAsync(Size, seed: 8);
        var asked = new TaskCompletionSource();
        await using var stuck = new SlowDevice(device, (_, cancelled) =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancelled);
        });
        var folder = NewMountFolder();
        var file = Mount(stuck, folder, Options());
        await using var reader = new Command("dd", $"if={file.Path}", "of=/dev/null").Start();
        await asked.Task.WaitAsync(Token);

        await file.DisposeAsync();

        var outcome = await reader.WaitForExitAsync(Token);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("error reading", outcome.Errors, StringComparison.Ordinal); // EIO, or that the connection was aborted
        await AssertNothingLeftAsync(file, folder);
    }

    [Fact]
    public async Task Disposal_does_not_wait_for_somebody_who_keeps_the_file_open()
    {
        RequireFuse();
        var (_, device) = await NewDeviceAsync(Size, seed: 9);
        var folder = NewMountFolder();
        var file = Mount(device, folder, Options(FuseCaching.None));
        await using var keeper = Command.Shell($"exec 5<{file.Path}; echo open; exec sleep 100").Start();
        await keeper.Output.WaitForLineAsync("open", Token);

        await file.DisposeAsync();

        await AssertNothingLeftAsync(file, folder);
    }

    [Fact]
    public async Task A_read_that_fails_is_an_io_error_and_the_next_one_succeeds()
    {
        RequireFuse();
        var (content, device) = await NewDeviceAsync(Size, seed: 11);
        var fails = true;
        await using var flaky = new SlowDevice(device, (_, _) => Volatile.Read(ref fails)
            ? Task.FromException(new BlockDeviceException(BlockError.Io, "the store is on fire"))
            : Task.CompletedTask);
        await using var file = Mount(flaky, NewMountFolder(), Options(FuseCaching.None));

        var failed = await new Command("dd", $"if={file.Path}", "of=/dev/null", "count=1").EndWithAsync(1, Token);
        Assert.Contains("Input/output error", failed.Errors, StringComparison.Ordinal);

        Volatile.Write(ref fails, false);
        await AssertReadsAsync(file.Path, content, "buffered", [(0, Size)]);
    }

    [Fact]
    public async Task Zeroes_are_found_by_who_looks_for_holes()
    {
        RequireFuse();
        Tool.Require("python3");
        var device = new Becket.Blocks.Sources.MemoryDevice(4 << 20);
        await device.WriteAsync(1 << 20, new byte[] { 1 }, WriteOptions.None, Token);
        await using var file = Mount(device, NewMountFolder(), Options());

        var outcome = await new Command(
            "python3", "-c",
            "import os, sys; f = os.open(sys.argv[1], os.O_RDONLY); d = os.lseek(f, 0, os.SEEK_DATA); "
            + "print(d, os.lseek(f, d, os.SEEK_HOLE))",
            file.Path).SucceedAsync(Token);

        Assert.Equal("1048576 1114112\n", outcome.Output);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_a_sentence()
    {
        RequireFuse();
        var (_, device) = await NewDeviceAsync(4096, seed: 12);

        var e = Assert.Throws<FuseException>(() => Mount(device, Folder["missing"], Options()));

        Assert.Contains("there is no such folder", e.Message, StringComparison.Ordinal);
    }

    private async Task AssertNothingLeftAsync(FuseFile file, string folder)
    {
        await file.Ended.WaitAsync(Token);
        Assert.False(IsMounted(folder));
        Directory.Delete(folder);
    }
}
