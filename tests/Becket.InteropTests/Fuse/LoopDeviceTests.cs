using Becket.Blocks;
using Becket.Blocks.Sources;
using Becket.Fuse;
using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Fuse;

/// <summary>A loop device over a device's file: what a machine without the nbd module gets instead.</summary>
public sealed class LoopDeviceTests(RealStores stores) : FuseTest(stores)
{
    [Fact]
    public async Task Partitions_appear_and_a_filesystem_in_one_mounts()
    {
        RequireLoop();
        Tool.Require("sfdisk", "partx", "mount", "umount");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 21);
        await MakePartitionedAsync(Folder["disk"], files);
        await using var image = FileDevice.Open(Folder["disk"], FileAccess.Read);
        await PartitionTables.FetchAsync(image, Token);
        await using var file = Mount(image, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions()), Token);

        Assert.Equal(file.Path, LoopDevice.BackingFile(loop.Index));
        await new Command("cmp", Folder["disk"], loop.Path).SucceedAsync(Token);
        // Not every kernel can read partition tables; what it does with partitions is the same where another program reads them.
        await Command.Shell($"test -b {loop.Path}p2 || partx --add {loop.Path}").SucceedAsync(Token);
        await WithMountAsync($"{loop.Path}p2", "ro", mounted => AssertSameFilesAsync(files, mounted));

        loop.Detach();
        Assert.Null(LoopDevice.BackingFile(loop.Index));
        await file.DisposeAsync();
        Assert.True(file.Ended.IsCompleted);
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public async Task A_filesystem_is_made_on_a_writable_device_and_keeps_what_is_written(string type)
    {
        RequireLoop();
        Tool.Require($"mkfs.{type}", "mount", "umount", "cp");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 22);
        await using var memory = new MemoryDevice(400 << 20);
        await using var file = Mount(memory, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions { Access = FileAccess.ReadWrite }), Token);

        await new Command($"mkfs.{type}", "-q", loop.Path).SucceedAsync(Token);
        await WithMountAsync(loop.Path, "rw", mounted => new Command("cp", "-r", $"{files.Folder}/.", mounted).SucceedAsync(Token));
        await Command.Shell("echo 3 > /proc/sys/vm/drop_caches").SucceedAsync(Token);
        await WithMountAsync(loop.Path, "ro", mounted => AssertSameFilesAsync(files, mounted));
    }

    [Fact]
    public async Task A_discard_gives_space_back()
    {
        RequireLoop();
        Tool.Require("blkdiscard");
        await using var memory = new MemoryDevice(16 << 20);
        await memory.WriteAsync(0, Enumerable.Repeat((byte)1, 16 << 20).ToArray(), WriteOptions.None, Token);
        await using var file = Mount(memory, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions { Access = FileAccess.ReadWrite }), Token);
        Assert.Equal(16 << 20, memory.AllocatedBytes);

        await new Command("blkdiscard", loop.Path).SucceedAsync(Token);

        Assert.Equal(0, memory.AllocatedBytes);
    }

    [Fact]
    public async Task Eight_attach_at_once_and_each_gets_its_own()
    {
        RequireLoop();
        var mounted = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var (content, device) = await NewDeviceAsync(2 << 20, seed: 30 + i);
            return (Content: content, File: Mount(device, NewMountFolder(), Options(FuseCaching.None)));
        }));

        var threads = mounted.Select(each => Task.Factory.StartNew(
            () => LoopDevice.Attach(each.File.Path, new LoopDeviceOptions()),
            Token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        var loops = await Task.WhenAll(threads);

        Assert.Equal(8, loops.Select(loop => loop.Index).Distinct().Count());
        foreach (var (loop, (content, file)) in loops.Zip(mounted))
        {
            Assert.Equal(file.Path, LoopDevice.BackingFile(loop.Index));
            await AssertReadsAsync(loop.Path, content, "direct", [(0, 1 << 20), (1 << 20, 1 << 20)]);
            loop.Dispose();
            await file.DisposeAsync();
        }
    }

    [Fact]
    public async Task Random_reads_are_under_way_together()
    {
        RequireLoop();
        Tool.Require("fio");
        var (_, device) = await NewDeviceAsync(16 << 20, seed: 40);
        // Nobody is answered before sixteen wait: one at a time would wait for ever.
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (isOn, waiting) = (false, 0);
        await using var slow = new SlowDevice(device, (_, cancelled) =>
        {
            if (!Volatile.Read(ref isOn))
                return Task.CompletedTask;
            if (Interlocked.Increment(ref waiting) >= 16)
                enough.TrySetResult();
            return enough.Task.WaitAsync(cancelled);
        });
        await using var file = Mount(slow, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions()), Token);
        Volatile.Write(ref isOn, true);

        await new Command(
            "fio", "--name=random", $"--filename={loop.Path}", "--readonly", "--rw=randread", "--bs=4k", "--direct=1", "--ioengine=libaio",
            "--iodepth=32", "--size=16m", "--number_ios=200").SucceedAsync(Token);

        Assert.InRange(slow.MostTogether, 16, 64);
    }

    [Fact]
    public async Task A_long_sequential_read_comes_in_long_requests()
    {
        RequireLoop();
        var (_, device) = await NewDeviceAsync(64 << 20, seed: 41);
        await using var slow = new SlowDevice(device, (_, _) => Task.CompletedTask);
        await using var file = Mount(slow, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions()), Token);

        await new Command("dd", $"if={loop.Path}", "of=/dev/null", "bs=1M").SucceedAsync(Token);

        Assert.InRange(slow.Longest, 512 << 10, 1 << 20);
    }

    [Fact]
    public async Task Disposal_of_the_file_under_a_loop_device_fails_its_readers_and_leaves_it_to_be_detached()
    {
        RequireLoop();
        var (_, device) = await NewDeviceAsync(2 << 20, seed: 42);
        var file = Mount(device, NewMountFolder(), Options(FuseCaching.None));
        using var loop = await Task.Run(() => LoopDevice.Attach(file.Path, new LoopDeviceOptions()), Token);

        await file.DisposeAsync();

        await file.Ended.WaitAsync(Token);
        await new Command("dd", $"if={loop.Path}", "of=/dev/null", "iflag=direct", "bs=4k", "count=1").EndWithAsync(1, Token);
        loop.Detach();
        Assert.Null(LoopDevice.BackingFile(loop.Index));
    }

    [Fact]
    public async Task A_loop_device_that_was_detached_and_taken_again_is_left_alone()
    {
        RequireLoop();
        Tool.Require("losetup");
        await File.WriteAllBytesAsync(Folder["mine"], new byte[1 << 20], Token);
        await File.WriteAllBytesAsync(Folder["other"], new byte[1 << 20], Token);
        using var loop = LoopDevice.Attach(Folder["mine"], new LoopDeviceOptions());
        await new Command("losetup", "-d", loop.Path).SucceedAsync(Token);
        await new Command("losetup", loop.Path, Folder["other"]).SucceedAsync(Token);

        loop.Detach();

        Assert.Equal(Folder["other"], LoopDevice.BackingFile(loop.Index));
        await new Command("losetup", "-d", loop.Path).SucceedAsync(Token);
    }

    /// <summary>In another process, as everything that reads what this one serves.</summary>
    private async Task AssertSameFilesAsync(FileTree files, string mounted)
    {
        await File.WriteAllTextAsync(Folder["sums"], files.Checksums(), Token);
        await Command.Shell($"cd '{mounted}' && sha256sum --quiet --check '{Folder["sums"]}'").SucceedAsync(Token);
    }

    private async Task WithMountAsync(string device, string option, Func<string, Task> use)
    {
        var mounted = Directory.CreateDirectory(Folder["mounted"]).FullName;
        await new Command("mount", "-o", option, device, mounted).SucceedAsync(Token);
        try
        {
            await use(mounted);
        }
        finally
        {
            await new Command("umount", mounted).SucceedAsync(CancellationToken.None);
        }
    }

    /// <summary>A GPT with an empty partition and one with an ext4.</summary>
    private async Task MakePartitionedAsync(string path, FileTree files)
    {
        await DiskImage.MakeExt4Async(Folder["ext4"], files, size: 32 << 20, Token);
        await Command.Shell(
            $"""
            set -e
            truncate -s 48M '{path}'
            printf 'label: gpt\nstart=2048, size=8192\nstart=10240, size=65536\n' | sfdisk -q '{path}'
            dd if='{Folder["ext4"]}' of='{path}' bs=1M seek=5 conv=notrunc,sparse status=none
            """).SucceedAsync(Token);
    }
}
