using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Store = Becket.InteropTests.Stores.DevS3;

namespace Becket.InteropTests.Mounting;

/// <summary>What people get wrong when they mount: one sentence that says what and where, and nothing left behind.</summary>
public sealed class MountMistakeTests(RealStores stores, MountImages images) : MountTest(stores)
{
    [Theory]
    [InlineData(1, "{ext4} {folder}/missing", "mkdir -p {folder}/missing")]
    [InlineData(1, "{ext4} {folder}/file", "{folder}/file is a file")]
    [InlineData(1, "{ext4} /proc", "/proc has something mounted on it already")]
    [InlineData(1, "{random} {folder}/mnt", "holds no file system that blkid(8) knows")]
    [InlineData(1, "{ext4}#3 {folder}/mnt", "no partition 3, it has no partitions at all")]
    [InlineData(1, "{parts}#3 {folder}/mnt", "#1 24.0 MiB ext4")]
    [InlineData(1, "{parts} {folder}/mnt", "holds several file systems; choose one, such as '{parts}#1'")]
    [InlineData(1, "{parts}#0 {folder}/mnt", "holds a partition table (gpt)")]
    [InlineData(1, "{ext4} {folder}/mnt -o no_such_option", "cannot be mounted")]
    [InlineData(1, "{folder}/none.img {folder}/mnt", "{folder}/none.img")]
    [InlineData(2, "{ext4} {folder}/mnt -o noatime,rw", "read-only")]
    [InlineData(2, "{ext4} {folder}/mnt --frobnicate", "--frobnicate")]
    [InlineData(2, "{ext4} {folder}/mnt --io-timeout never", "never")]
    [InlineData(2, "{ext4} {folder}/mnt --partition -1", "--partition")]
    [InlineData(2, "{ext4} {folder}/mnt --via usb", "usb")]
    [InlineData(2, "ftp://host/disk.img {folder}/mnt", "ftp://")]
    [InlineData(2, "{ext4}", "FOLDER is missing")]
    public Task A_wrong_word_on_the_command_line_is_named(int exitCode, string words, string named) =>
        AssertRefusedAsync(exitCode, words, named, new Source([], []));

    [Theory]
    [InlineData("s3://images/missing.img {folder}/mnt --endpoint-url {endpoint}", "missing.img")]
    [InlineData("s3://no-such-bucket/disk.img {folder}/mnt --endpoint-url {endpoint}", "no-such-bucket")]
    [InlineData("s3://images/disk.img {folder}/mnt --endpoint-url http://127.0.0.1:1", "127.0.0.1:1")]
    [InlineData("http://127.0.0.1:1/disk.img {folder}/mnt", "127.0.0.1:1")]
    public async Task A_wrong_object_or_address_is_named(string words, string named)
    {
        var store = await Stores.GetDevS3Async();
        await Stores.GetDiskInAsync(Place.DevS3);

        await AssertRefusedAsync(1, words, named, new Source([], store.Endpoint.Environment));
    }

    [Fact]
    public async Task Wrong_keys_are_told_from_missing_ones_and_who_comes_through_sudo_is_helped()
    {
        await Stores.GetDiskInAsync(Place.DevS3);
        const string Words = "s3://images/disk.img {folder}/mnt --endpoint-url {endpoint}";

        await AssertRefusedAsync(
            1, Words, "disk.img", new Source([], [("AWS_ACCESS_KEY_ID", "nobody"), ("AWS_SECRET_ACCESS_KEY", "wrong")]));
        await AssertRefusedAsync(1, Words, "--credentials-file", new Source([], []), ("SUDO_USER", "nobody"));
    }

    [Fact]
    public async Task A_file_system_that_the_kernel_has_no_driver_for_is_named_with_its_image()
    {
        RequireMounts();
        var image = Folder["minix.img"];
        await Command.Shell($"truncate -s 8M '{image}' && {Tool.PathOf("mkfs.minix")} '{image}'").SucceedAsync(Token);
        if (await Knows("minix"))
            Assert.Skip("this kernel has a driver for minix");

        var outcome = await Becket.Command("mount", Source.File(image), NewMountPoint(), "--via", "fuse").EndWithAsync(1, Token);

        Assert.Contains($"no driver for minix, the file system of {image}", outcome.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_folder_that_becket_has_mounted_on_is_not_mounted_on_again()
    {
        RequireMounts();
        var (source, folder) = (Source.File((await images.GetAsync(ImageFormat.Ext4)).Path), NewMountPoint());
        await MountAsync(source, folder);

        var again = await Becket.Command("mount", source, folder, "--via", "fuse").EndWithAsync(1, Token);

        Assert.Contains($"mounted on {folder} already", again.Errors, StringComparison.Ordinal);
        Assert.Single(await Becket.ListAsync(Token));
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    /// <summary>The store is slow, so that all of them have found the folder free before the first one can mount.</summary>
    [Fact]
    public async Task Of_twelve_that_mount_on_one_folder_at_once_one_does()
    {
        RequireMounts();
        await using var store = await Store.StartAsync(Token, "--faults", "latency=200ms");
        var (source, folder) = (await images.PutAsync(store, ImageFormat.Ext4), NewMountPoint());

        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(_ => Becket.Command("mount", source, folder, "--via", "fuse").RunAsync(Token)));

        var refused = outcomes.Where(static outcome => outcome.ExitCode != 0).ToList();
        Assert.Equal(11, refused.Count);
        Assert.All(refused, outcome =>
        {
            Assert.Equal(1, outcome.ExitCode);
            Assert.Matches(
                $@"^becket: (another process is just mounting on {folder}; "
                + $@"|{folder} has something mounted on it already|.* is mounted on {folder} already)",
                outcome.Errors);
        });
        Assert.Contains(refused, static outcome => outcome.Errors.Contains("is just mounting on", StringComparison.Ordinal));
        Assert.Single(
            await File.ReadAllLinesAsync("/proc/self/mountinfo", Token), line => line.Contains($" {folder} ", StringComparison.Ordinal));
        Assert.Single(await Becket.ListAsync(Token));
        await AssertFilesAsync(await images.GetAsync(ImageFormat.Ext4), folder);
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_claim_that_a_killed_process_has_left_is_in_nobodys_way()
    {
        RequireMounts();
        await using var store = await Store.StartAsync(Token);
        var (source, folder) = (await images.PutAsync(store, ImageFormat.Ext4), NewMountPoint());
        store.Hold();
        await using (var waiting = Becket.Command("mount", source, folder, "--via", "fuse", "--foreground").Start())
        {
            using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            while (!Directory.EnumerateFiles(Becket.States, "mounting-*").Any())
                await retry.WaitForNextTickAsync(Token);
            await Attachments.KillAsync(Token, waiting.Id);
        }
        store.LetGo();

        await MountAsync(source, folder);

        Assert.Equal([Path.Combine(Becket.States, "1")], Directory.GetFileSystemEntries(Becket.States));
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_is_not_beckets_is_left_to_umount()
    {
        RequireMounts();
        var folder = NewMountPoint();
        await new Command("mount", "-t", "tmpfs", "tmpfs", folder).SucceedAsync(Token);

        var refused = await Becket.Command("umount", folder).EndWithAsync(1, Token);

        Assert.Contains($"{folder} is not becket's", refused.Errors, StringComparison.Ordinal);
        await new Command("umount", folder).SucceedAsync(Token);
    }

    private async Task AssertRefusedAsync(int exitCode, string words, string named, Source source, params (string, string?)[] more)
    {
        RequireMounts();
        NewMountPoint();
        await File.WriteAllTextAsync(Folder["file"], "", Token);
        DiskImage.WriteRandomWithHoles(Folder["random.img"], 1 << 20, seed: 67);
        var command = Becket.Command("mount", source, [.. (await FillAsync(words)).Split(' '), "--via", "fuse"]);
        if (words.Contains("--via", StringComparison.Ordinal))
            command = command with { Arguments = [.. command.Arguments.SkipLast(2)] };

        var outcome = await (command with { Environment = [.. command.Environment, .. more] }).EndWithAsync(exitCode, Token);

        Assert.Equal("", outcome.Output);
        Assert.Contains(await FillAsync(named), outcome.Errors, StringComparison.Ordinal);
        Assert.All(outcome.Errors.TrimEnd('\n').Split('\n'), static line => Assert.Matches("^(becket: |  #)", line));
        Assert.DoesNotContain("   at ", outcome.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    private async Task<string> FillAsync(string text) => text
        .Replace("{folder}", Folder.Path, StringComparison.Ordinal)
        .Replace("{random}", Folder["random.img"], StringComparison.Ordinal)
        .Replace("{ext4}", (await images.GetAsync(ImageFormat.Ext4)).Path, StringComparison.Ordinal)
        .Replace("{parts}", (await images.GetAsync(ImageFormat.Partitioned)).Path, StringComparison.Ordinal)
        .Replace("{endpoint}", (await Stores.GetDevS3Async()).Endpoint.Url.OriginalString, StringComparison.Ordinal);

    private async Task<bool> Knows(string fileSystem) =>
        (await Command.Shell($"modprobe {fileSystem} 2>/dev/null; grep -qw {fileSystem} /proc/filesystems").RunAsync(Token)).ExitCode == 0;
}
