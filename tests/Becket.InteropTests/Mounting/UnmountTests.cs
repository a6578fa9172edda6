using System.Globalization;
using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>All the ways in which a mount comes to its end, and those in which it does not yet.</summary>
public sealed class UnmountTests(RealStores stores, MountImages images) : MountTest(stores)
{
    [Fact]
    public async Task A_plain_umount_is_noticed_and_the_rest_goes_by_itself()
    {
        var folder = await MountAsync();

        await new Command("umount", folder).SucceedAsync(Token);

        await Becket.WhenNothingIsLeftAsync(Token);
    }

    [Fact]
    public async Task A_busy_mount_is_not_unmounted_and_a_sentence_says_what_to_do()
    {
        var folder = await MountAsync();
        await using (var _ = await HoldOpenAsync($"{folder}/README"))
        {
            var unmounting = await Becket.Command("umount", folder).EndWithAsync(1, Token);
            Assert.Contains($"{folder} is busy", unmounting.Errors, StringComparison.Ordinal);
            Assert.Contains("--lazy", unmounting.Errors, StringComparison.Ordinal);
            var detaching = await Becket.Command("detach", folder).EndWithAsync(1, Token);
            Assert.Contains($"is mounted on {folder}; 'becket umount {folder}' does both", detaching.Errors, StringComparison.Ordinal);
            await AssertFilesAsync(await images.GetAsync(ImageFormat.Ext4), folder);
        }

        await UnmountAsync(folder);

        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lazy_unmount_of_a_busy_mount_serves_its_last_user_and_then_ends()
    {
        var folder = await MountAsync();
        await using (var holder = await HoldOpenAsync($"{folder}/boot/kernel"))
        {
            var outcome = await Becket.Command("umount", "--lazy", folder).SucceedAsync(Token);

            Assert.Contains("out of sight and still served", outcome.Errors, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(folder));
            Assert.Single(await Becket.ListAsync(Token));
            var sum = await new Command("sha256sum", string.Create(CultureInfo.InvariantCulture, $"/proc/{holder.Id}/fd/3"))
                .SucceedAsync(Token);
            var checksums = (await images.GetAsync(ImageFormat.Ext4)).Checksums;
            Assert.Contains($"{sum.Output.Split(' ')[0]}  boot/kernel\n", checksums, StringComparison.Ordinal);
        }

        await Becket.WhenNothingIsLeftAsync(Token);
    }

    [Fact]
    public async Task Detach_all_takes_what_is_not_in_use()
    {
        var folder = await MountAsync();
        DiskImage.WriteRandomWithHoles(Folder["other.img"], 1 << 20, seed: 62);
        var device = await AttachAsync(Source.File(Folder["other.img"]));

        var outcome = await Becket.Command("detach", "--all").EndWithAsync(1, Token);

        Assert.Contains($"'becket umount {folder}' does both", outcome.Errors, StringComparison.Ordinal);
        var left = Assert.Single(await Becket.ListAsync(Token));
        Assert.NotEqual(device, left.GetProperty("device").GetString());
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_name_that_is_unknown_does_not_keep_the_others_from_their_end()
    {
        var folder = await MountAsync();
        DiskImage.WriteRandomWithHoles(Folder["other.img"], 1 << 20, seed: 63);
        await AttachAsync(Source.File(Folder["other.img"]));

        var unmounting = await Becket.Command("umount", "/nowhere", folder).EndWithAsync(1, Token);
        var detaching = await Becket.Command("detach", "/dev/nowhere", Folder["other.img"]).EndWithAsync(1, Token);

        Assert.Contains("/nowhere", unmounting.Errors, StringComparison.Ordinal);
        Assert.Contains("/dev/nowhere", detaching.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task In_the_foreground_Ctrl_C_unmounts_and_leaves_nothing()
    {
        await using var process = await MountInForegroundAsync();

        process.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);

        var outcome = await process.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task In_the_foreground_SIGTERM_waits_for_users_and_says_so()
    {
        await using var process = await MountInForegroundAsync();
        await using (var _ = await HoldOpenAsync($"{Folder["mnt"]}/README"))
        {
            process.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
            await process.Errors.WaitForLineAsync("becket: warning: told to stop, and waiting for those who use the device", Token);
            await AssertFilesAsync(await images.GetAsync(ImageFormat.Ext4), Folder["mnt"]);
        }

        var outcome = await process.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        AssertNothingIsLeft();
    }

    private async Task<RunningProcess> MountInForegroundAsync()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Ext4);
        var process = Becket.Command("mount", Source.File(image.Path), NewMountPoint(), "--via", "fuse", "-f", "--json").Start();
        await process.Output.WaitForLineAsync("}", Token);
        await AssertFilesAsync(image, Folder["mnt"]);
        return process;
    }

    private async Task<string> MountAsync()
    {
        RequireMounts();
        var folder = NewMountPoint();
        await MountAsync(await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Ext4), folder);
        return folder;
    }
}
