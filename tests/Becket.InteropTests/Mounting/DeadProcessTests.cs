using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>Processes that are killed without a chance to tidy up. What FUSE has served dies with them, and has to come back.</summary>
public sealed class DeadProcessTests(RealStores stores, MountImages images) : MountTest(stores)
{
    [Fact]
    public async Task Another_process_takes_the_place_of_one_that_was_killed_and_mounts_again()
    {
        var (image, folder) = await MountAsync();
        var (server, supervisor) = await ProcessesAsync();

        await Attachments.KillAsync(Token, server);

        await WhenServedByAnotherAsync(server);
        await AssertFilesAsync(image, folder);
        Assert.Equal(supervisor, (await ProcessesAsync()).Supervisor);
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Without_its_supervisor_a_mount_is_served_on_and_ends_as_any_other()
    {
        var (image, folder) = await MountAsync();

        await Attachments.KillAsync(Token, (await ProcessesAsync()).Supervisor);

        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await AssertFilesAsync(image, folder);
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_is_dead_is_said_to_be_dead_and_restart_heals_it()
    {
        var (image, folder) = await MountAsync();
        await KillBothAsync();

        var dead = await Becket.WhenHealthIsAsync("dead", Token);
        Assert.Contains($"'becket restart {folder}'", dead.GetProperty("problem").GetString(), StringComparison.Ordinal);
        await Becket.Command("restart", folder).SucceedAsync(Token);

        await AssertFilesAsync(image, folder);
        Assert.Equal("ok", (await Becket.ListAsync(Token))[0].GetProperty("health").GetString());
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_is_dead_is_cleared_by_umount()
    {
        var (_, folder) = await MountAsync();
        await KillBothAsync();

        await UnmountAsync(folder);

        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_is_dead_is_taken_over_by_the_same_mount_but_not_by_another_one()
    {
        var (image, folder) = await MountAsync();
        var source = await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Ext4);
        await KillBothAsync();
        var other = await Becket.Command("mount", source, folder, "--via", "fuse").EndWithAsync(1, Token);
        Assert.Contains($"'becket umount {folder}' clears it", other.Errors, StringComparison.Ordinal);

        await MountAsync(Source.File(image.Path), folder);

        await AssertFilesAsync(image, folder);
        Assert.Single(await Becket.ListAsync(Token));
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_dead_attachment_leaves_alone_who_has_its_loop_device_now()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Ext4);
        var dead = await AttachAsync(Source.File(image.Path));
        await KillBothAsync();
        // As an administrator would clear it by hand; the next one gets the free number.
        await Processes.Command.Shell($"losetup -d {dead} && umount -l '{Becket.States}/1/image'").SucceedAsync(Token);
        await Processes.Command.Shell(
            $"losetup -r {dead} '{image.Path}' && mkdir '{Folder["other"]}' && mount -o ro {dead} '{Folder["other"]}'").SucceedAsync(Token);

        await Becket.Command("detach", dead).SucceedAsync(Token);

        await AssertFilesAsync(image, Folder["other"]);
        await Processes.Command.Shell($"umount '{Folder["other"]}' && losetup -d {dead}").SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    private async Task<(MountImage Image, string Folder)> MountAsync()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Ext4);
        var folder = NewMountPoint();
        await MountAsync(Source.File(image.Path), folder);
        return (image, folder);
    }

    private async Task KillBothAsync()
    {
        var (server, supervisor) = await ProcessesAsync();
        await Attachments.KillAsync(Token, supervisor, server);
    }

    private async Task WhenServedByAnotherAsync(int process)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await Becket.WhenHealthIsAsync("ok", Token)).GetProperty("process").GetInt32() == process)
            await retry.WaitForNextTickAsync(Token);
    }
}
