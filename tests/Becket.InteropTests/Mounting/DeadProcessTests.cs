using System.Globalization;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>Processes that are killed without a chance to tidy up. What FUSE has served dies with them, and has to come back.</summary>
public sealed class DeadProcessTests(RealStores stores, MountImages images) : MountTest(stores)
{
    private string SlowPartx => Folder["slow/partx"];

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

    [Fact]
    public async Task What_was_unmounted_while_nobody_served_it_is_not_mounted_again()
    {
        var (_, folder) = await MountAsync();
        var (server, supervisor) = await ProcessesAsync();
        var id = supervisor.ToString(CultureInfo.InvariantCulture);

        await new Command("kill", "-STOP", id).SucceedAsync(Token);
        await Attachments.KillAsync(Token, server);
        await new Command("umount", folder).SucceedAsync(Token);
        await new Command("kill", "-CONT", id).SucceedAsync(Token);

        await Becket.WhenNothingIsLeftAsync(Token);
    }

    [Fact]
    public async Task What_is_left_of_a_server_that_was_killed_while_it_began_is_cleared_by_its_supervisor()
    {
        await using var beginning = await BeginAsync();

        await Attachments.KillAsync(Token, [.. Becket.ProcessIds("serve-attachment"), .. Becket.ProcessIds(SlowPartx)]);

        var outcome = await beginning.WaitForExitAsync(Token);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("becket: the background process was killed by signal 9", outcome.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_is_left_of_both_processes_that_were_killed_while_they_began_is_cleared_by_the_next_one()
    {
        await using var beginning = await BeginAsync();
        await Attachments.KillAsync(
            Token, [.. Becket.ProcessIds("supervise"), .. Becket.ProcessIds("serve-attachment"), .. Becket.ProcessIds(SlowPartx)]);
        Assert.Equal(1, (await beginning.WaitForExitAsync(Token)).ExitCode);

        var (image, folder) = await MountAsync();

        Assert.Single(Directory.GetDirectories(Becket.States));
        await AssertFilesAsync(image, folder);
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    /// <summary>
    /// Whoever waits in the kernel for an answer of its own process cannot be killed: it stays, and with it a mount that never answers.
    /// </summary>
    [Fact]
    public async Task The_process_that_serves_opens_neither_its_file_nor_its_device_while_it_begins()
    {
        RequireMounts();
        Tool.Require("strace");
        var (image, folder, trace) = (await images.GetAsync(ImageFormat.Ext4), NewMountPoint(), new FileTrace(Folder["trace"]));
        var mount = trace.Over(Becket.Command("mount", Source.File(image.Path), folder, "--via", "fuse"));
        await using (var mounting = mount.Start())
        {
            await Becket.WhenHealthIsAsync("ok", Token);
            await KillBothAsync(); // now, so that nothing of its end is in the trace
            await mounting.WaitForExitAsync(Token);
        }
        await UnmountAsync(folder);

        var file = $"{Becket.States}/1/image/{Path.GetFileName(image.Path)}";
        var (attaching, serving) = (trace.CallsOf("attach-loop"), trace.CallsOf("serve-attachment"));
        Assert.Contains(attaching, call => call.Path == file);
        Assert.Contains(serving, call => call.Path == $"{Becket.States}/1/state.json.new");
        Assert.DoesNotContain(serving, call => call.Path == file);
        Assert.DoesNotContain(serving, IsOfDevice);
        Assert.Contains(attaching, IsOfDevice);
        Assert.Contains(attaching, static call => call.Path.EndsWith("/queue/max_sectors_kb", StringComparison.Ordinal));
        AssertNothingIsLeft();

        // A setting of the queue waits for the requests that are in it.
        static bool IsOfDevice((string Call, string Path) call) =>
            call.Call.StartsWith("open", StringComparison.Ordinal)
            && (call.Path.StartsWith("/dev/loop", StringComparison.Ordinal) || call.Path.Contains("/queue/", StringComparison.Ordinal));
    }

    private async Task<(MountImage Image, string Folder)> MountAsync()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Ext4);
        var folder = NewMountPoint();
        await MountAsync(Source.File(image.Path), folder);
        return (image, folder);
    }

    /// <summary>An attachment that has its device and no state yet: it waits for a partx(8) that does not end.</summary>
    private async Task<RunningProcess> BeginAsync()
    {
        RequireMounts();
        var (slow, begun) = (Directory.CreateDirectory(Path.GetDirectoryName(SlowPartx)!).FullName, Folder["begun"]);
        var script = $"#!/bin/sh\\n: >{begun}; read word <{slow}/never\\n";
        await Command.Shell($"mkfifo {slow}/never && printf '{script}' >{SlowPartx} && chmod +x {SlowPartx}").SucceedAsync(Token);
        var attach = Becket.Command("attach", Source.File((await images.GetAsync(ImageFormat.Ext4)).Path), "--via", "fuse");
        var path = ("PATH", $"{slow}:{Environment.GetEnvironmentVariable("PATH")}");
        var beginning = (attach with { Environment = [.. attach.Environment, path] }).Start();
        await FileIsThereAsync(begun, beginning);
        return beginning;
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
