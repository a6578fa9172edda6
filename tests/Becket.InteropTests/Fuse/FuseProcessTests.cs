using System.Globalization;
using System.Runtime.InteropServices;
using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Fuse;

/// <summary>Whole processes: one that is killed, and one of a user who is not root.</summary>
public sealed class FuseProcessTests(RealStores stores) : FuseTest(stores)
{
    [Fact]
    public async Task Readers_of_a_killed_process_get_an_error_and_the_folder_can_be_unmounted()
    {
        RequireFuse();
        var folder = NewMountFolder();
        await using var child = FuseChild.NeverAnswer(folder).Start();
        await child.Output.WaitForLineAsync("ready", Token);
        await using var reader = Command.Shell($"exec dd bs=4k < '{folder}/disk.img' > /dev/null").Start();
        await Command.Shell($"until grep -q fuse /proc/{reader.Id}/wchan || grep -qw 0 /proc/{reader.Id}/syscall; do :; done")
            .SucceedAsync(Token);

        await KillAsync(child);

        Assert.Equal(1, (await reader.WaitForExitAsync(Token)).ExitCode);
        var late = await new Command("cat", $"{folder}/disk.img").EndWithAsync(1, Token);
        Assert.Contains("not connected", late.Errors, StringComparison.Ordinal);
        await new Command("umount", folder).SucceedAsync(Token);
    }

    [Fact]
    public async Task A_loop_device_over_a_killed_process_has_read_errors_and_can_be_detached()
    {
        RequireLoop();
        Tool.Require("losetup");
        var folder = NewMountFolder();
        DiskImage.WriteRandomWithHoles(Folder["image"], 1 << 20, seed: 51);
        await using var child = FuseChild.Serve(Folder["image"], folder).Start();
        await child.Output.WaitForLineAsync("ready", Token);
        var attached = await new Command("losetup", "--find", "--show", "--read-only", $"{folder}/disk.img").SucceedAsync(Token);
        var loop = attached.Output.Trim();
        await AssertSameBytesAsync(Folder["image"], loop);

        await KillAsync(child);

        await new Command("dd", $"if={loop}", "of=/dev/null", "iflag=direct", "bs=4k").EndWithAsync(1, Token);
        await new Command("losetup", "-d", loop).SucceedAsync(Token);
        await new Command("umount", folder).SucceedAsync(Token);
    }

    [Fact]
    public async Task Who_is_not_root_mounts_and_unmounts_with_fusermount3()
    {
        RequireFuse();
        Tool.Require("fusermount3", "setpriv");
        var (image, folder) = (Folder["image"], NewMountFolder());
        DiskImage.WriteRandomWithHoles(image, 3 << 20, seed: 52);
        await Command.Shell($"chmod 755 '{Folder.Path}' && chmod 644 '{image}' && chown 65534:65534 '{folder}'").SucceedAsync(Token);
        await using var child = FuseChild.AsNobody(FuseChild.Serve(image, folder)).Start();
        await child.Output.WaitForLineAsync("ready", Token);

        var mount = File.ReadLines("/proc/mounts").Single(line => line.Contains(folder, StringComparison.Ordinal));
        Assert.StartsWith($"{image} {folder} fuse.becket ro,nosuid,nodev", mount, StringComparison.Ordinal);
        Assert.Contains("user_id=65534", mount, StringComparison.Ordinal);
        await FuseChild.AsNobody(new Command("cmp", image, $"{folder}/disk.img")).SucceedAsync(Token);
        await new Command("cat", $"{folder}/disk.img").EndWithAsync(1, Token); // not even root: it is that user's alone

        child.Signal(PosixSignal.SIGTERM);

        var outcome = await child.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.False(IsMounted(folder));
    }

    [Fact]
    public async Task Without_fusermount3_who_is_not_root_is_told_what_to_install()
    {
        RequireFuse();
        Tool.Require("setpriv");
        var folder = NewMountFolder();
        DiskImage.WriteRandomWithHoles(Folder["image"], 1 << 20, seed: 53);
        await Command.Shell($"chmod 755 '{Folder.Path}' && chmod 644 '{Folder["image"]}' && chown 65534:65534 '{folder}'")
            .SucceedAsync(Token);
        var serve = FuseChild.AsNobody(FuseChild.Serve(Folder["image"], folder));

        var outcome = await (serve with { Environment = [.. serve.Environment, ("PATH", "/nonexistent")] }).EndWithAsync(1, Token);

        Assert.Contains("install the package fuse3", outcome.Errors, StringComparison.Ordinal);
    }

    private async Task KillAsync(RunningProcess process)
    {
        await new Command("kill", "-9", process.Id.ToString(CultureInfo.InvariantCulture)).SucceedAsync(Token);
        await process.WaitForExitAsync(Token);
    }
}
